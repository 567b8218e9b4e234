"""Clinical context given to a run moves the malignancy rating, and is asked for again on resume."""

from __future__ import annotations

from pathlib import Path

import pytest

from medical.detection.findings import SeriesFindings
from medical.results.folder import ResultFolder
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.context_table import read_context_table
from medical.scoring.scorer import Scorer
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.heavy

SAMPLE = REPOSITORY / "sample_data" / "ct"
BENIGN = "central calcification, round, sharp margin, no spiculation"
SUSPICIOUS = "heavily spiculated, marked lobulation, ill-defined margin"


def _scored(scorer: Scorer, out: Path, text: str | None) -> SeriesFindings:
    contexts = None
    if text is not None:
        table = out.parent / "context.csv"
        table.write_text(f'study,text\n{SAMPLE},"{text}"\n', encoding="utf-8")
        contexts = read_context_table(table)
    options = ScoreOptions(resume=True, contexts=contexts)
    (series,) = scorer.score([SAMPLE], out, options=options).series
    return series.findings


def test_words_move_the_rating_and_resume_asks_for_them(
    quick_scorer: Scorer, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    without = _scored(quick_scorer, out, None)
    benign = _scored(quick_scorer, out, BENIGN)
    suspicious = _scored(quick_scorer, out, SUSPICIOUS)
    assert _scored(quick_scorer, out, None) == suspicious  # what was given stays with the result
    assert without.findings
    for alone, low, high in zip(
        without.findings, benign.findings, suspicious.findings, strict=True
    ):
        assert alone.malignancy is not None
        assert low.malignancy is not None
        assert high.malignancy is not None
        assert alone.malignancy.text_weight == 0 < low.malignancy.text_weight
        assert low.malignancy.risk < high.malignancy.risk
        low_end, high_end = high.malignancy.ci95
        assert 0 <= low_end <= high.malignancy.risk <= high_end <= 1
    folder = ResultFolder(out / without.series_instance_uid).malignancy
    context, tokens = folder.read_context(), folder.read_tokens()
    assert context is not None
    assert context.text == SUSPICIOUS
    assert tokens is not None
    assert len(tokens.measures) == len(without.findings)
    assert suspicious.malignancy_model is not None
    assert suspicious.malignancy_model.digest == quick_scorer.malignancy.card.digest
