"""A StarNet that outcomes moved rates the findings of a run, in all its processes, and is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from medical.detection.findings import SeriesFindings
from medical.i18n.catalogue import LANGUAGES, Translator
from medical.report.malignancy import rating_note
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.scorer import Scorer
from models.zoo.loader import DEFAULT_MODEL, find_model
from models.zoo.starnet_card import SHIPPED_STARNET, read_card
from tests.conftest import REPOSITORY
from tests.models.zoo.test_starnets import OUTCOMES, trained_on

pytestmark = pytest.mark.heavy
SAMPLE = REPOSITORY / "sample_data" / "ct"


def _scored(out: Path, *, starnet: Path, workers: int) -> SeriesFindings:
    scorer = Scorer(find_model(DEFAULT_MODEL), samples=2, device="cpu", starnet=starnet)
    options = ScoreOptions(resume=True)
    (series,) = scorer.score([SAMPLE], out, options=options, workers=workers).series
    return series.findings


def test_it_rates_in_this_process_and_in_others(tmp_path: Path) -> None:
    starnet = trained_on(tmp_path / "made")
    alone, others = (
        _scored(tmp_path / f"out-{workers}", starnet=starnet, workers=workers) for workers in (1, 2)
    )
    assert alone.malignancy_model is not None
    assert alone.malignancy_model.digest == read_card(starnet).digest
    assert alone.malignancy_model.outcomes == OUTCOMES
    assert others.malignancy_model == alone.malignancy_model
    assert [f.malignancy for f in others.findings] == [f.malignancy for f in alone.findings]
    by_shipped = _scored(tmp_path / "out-1", starnet=SHIPPED_STARNET, workers=1)
    assert by_shipped.malignancy_model is not None
    assert by_shipped.malignancy_model.outcomes is None
    assert by_shipped.malignancy_model != alone.malignancy_model  # scored anew, in spite of resume
    for language in LANGUAGES:
        (note,) = rating_note(alone, Translator(language))
        (of_shipped,) = rating_note(by_shipped, Translator(language))
        assert "14" in note
        assert "30" in note
        assert "14" not in of_shipped
