"""The models that this server knows, without reading their weights."""

from __future__ import annotations

from app.web.context import context
from medical.detection.findings import ModelReference
from models.zoo.card import ModelCard
from models.zoo.loader import list_models


def cards() -> list[ModelCard]:
    """Cards of all models at hand, shipped ones first."""
    imported = context().settings.work_dir / "models"
    return [model.card for model in list_models(imported=imported)]


def card_of(model: ModelReference, operating_point: float) -> ModelCard | None:
    """Return the card of the model that made a result; ``None`` where it is no longer here.

    Args:
        model: as the result names it.
        operating_point: of the result; it tells cards apart where the result has no digest.
    """
    return next((card for card in cards() if _is_of(card, model, operating_point)), None)


def _is_of(card: ModelCard, model: ModelReference, operating_point: float) -> bool:
    if model.digest is not None:
        return card.digest == model.digest
    named = (card.name, card.version, card.sha256) == (model.name, model.version, model.sha256)
    return named and card.operating_point == operating_point


def card_in_use() -> ModelCard | None:
    """Return the card of the model named by the settings; ``None`` where it is gone."""
    name = context().settings.model
    return next((card for card in cards() if card.name == name), None)
