"""The page finds the card of the very model that made a result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from app.web.context import cards, start_context
from medical.detection.findings import ModelReference
from medical.report.content import card_of
from models.zoo.card import ModelCard
from models.zoo.loader import CARD, DEFAULT_MODEL, WEIGHTS, find_model

SHIPPED = find_model(DEFAULT_MODEL)


@pytest.fixture
def adapted(tmp_path: Path) -> Iterator[ModelCard]:
    """A model at hand with the shipped weights and another operating point."""
    folder = tmp_path / "work" / "models" / "adapted"
    folder.mkdir(parents=True)
    (folder / WEIGHTS).symlink_to(SHIPPED.weights)
    card = SHIPPED.card.model_copy(update={"name": "adapted", "operating_point": 0.5})
    card.write(folder / CARD)
    settings = Settings(work_dir=tmp_path / "work", serve_worker=False, sample_dir=tmp_path / "no")
    shared = start_context(settings)
    yield card
    shared.store.close()


def reference(card: ModelCard, *, digest: bool) -> ModelReference:
    return ModelReference(
        name=card.name,
        version=card.version,
        sha256=card.sha256,
        digest=card.digest if digest else None,
    )


@pytest.mark.parametrize("digest", [True, False], ids=["digest", "earlier result"])
def test_the_same_weights_have_two_cards(adapted: ModelCard, digest: bool) -> None:
    for card in (SHIPPED.card, adapted):
        matched = card_of(cards(), reference(card, digest=digest), card.operating_point)
        assert matched is not None
        assert (matched.name, matched.operating_point) == (card.name, card.operating_point)


def test_weights_at_hand_whose_card_is_gone_have_none(adapted: ModelCard) -> None:
    strict = adapted.model_copy(update={"operating_point": 0.9})
    for digest in (True, False):
        assert card_of(cards(), reference(strict, digest=digest), 0.9) is None
