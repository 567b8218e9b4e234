"""The models that this server knows, without reading their weights."""

from __future__ import annotations

from app.web.context import context
from models.zoo.card import ModelCard
from models.zoo.loader import list_models


def cards() -> list[ModelCard]:
    """Cards of all models at hand, shipped ones first."""
    imported = context().settings.work_dir / "models"
    return [model.card for model in list_models(imported=imported)]


def card_of(sha256: str) -> ModelCard | None:
    """The card of the weights with this digest; ``None`` where they are no longer here."""
    return next((card for card in cards() if card.sha256 == sha256), None)


def card_in_use() -> ModelCard | None:
    """The card of the model that scores now, named by the settings; ``None`` where it is gone."""
    name = context().settings.model
    return next((card for card in cards() if card.name == name), None)
