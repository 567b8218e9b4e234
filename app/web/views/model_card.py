"""The models of this server by their cards, and a card as HTML."""

from __future__ import annotations

import html
from collections.abc import Iterator

from app.web.context import context
from app.web.words import gettext, ngettext
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


def card_head(card: ModelCard, *, in_use: bool) -> str:
    """Name, version, whether it scores now, operating point and digest."""
    state = f'<i class="starlung-state signed">{gettext("Active")}</i>' if in_use else ""
    facts = (
        (gettext("Operating point"), f"{card.operating_point:.3f}"),
        (gettext("SHA-256 of the weights"), card.sha256),
    )
    lines = " · ".join(f"{html.escape(name)} {html.escape(value)}" for name, value in facts)
    return (
        f'<div class="starlung-head"><b>{html.escape(card.name)} {html.escape(card.version)}'
        f"{state}</b><span>{lines}</span></div>"
    )


def card_lists(card: ModelCard) -> str:
    """List what the model is not good for, data with licences, recipe, and the scans seen."""
    seen = ngettext(
        "{count} scan seen in training",
        "{count} scans seen in training",
        len(card.scans_seen_in_training),
    )
    return "".join(
        (
            _list(gettext("Not suitable for"), card.not_good_for, "severe"),
            _list(gettext("Data and licences"), card.data, ""),
            _list(gettext("How it was made"), [card.recipe, card.calibration.set_description], ""),
            _list(seen, [", ".join(card.scans_seen_in_training) or "–"], ""),
        )
    )


def card_figures(card: ModelCard) -> str:
    """Every figure as a table of path and value, as the card has it."""
    measured: dict[str, object] = {
        **card.metrics,
        "measured_coverage_of_95_intervals": dict(card.calibration.measured_coverage),
    }
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>"
        for name, value in _flat(measured, "")
    )
    return f'<table class="starlung-guidelines starlung-card"><tbody>{rows}</tbody></table>'


def _list(title: str, lines: list[str], kind: str) -> str:
    notes = "".join(
        f'<div class="starlung-note {kind}">{html.escape(line)}</div>' for line in lines
    )
    return f'<div class="starlung-section">{html.escape(title)}</div>{notes}'


def _flat(values: dict[str, object], before: str) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        name = f"{before} · {key}" if before else key
        if isinstance(value, dict):
            yield from _flat(value, name)
        elif isinstance(value, list):
            yield name.replace("_", " "), " – ".join(str(one) for one in value)
        else:
            yield name.replace("_", " "), str(value)
