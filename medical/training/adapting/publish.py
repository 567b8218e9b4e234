"""After measuring: compare, choose what is used, write the figures and the card."""

from __future__ import annotations

import json
import logging
import math
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medical.errors import InputError
from medical.plain_text import counted
from medical.training.adapting.card import Adapted, write_card
from medical.training.adapting.gate import Decision, decide_on_calibration, decide_on_weights
from medical.training.adapting.hospital_cts import HospitalCt, HospitalCts
from medical.training.adapting.outcome import (
    CtOutcome,
    Figures,
    as_it_is,
    calibrated,
    figures_of,
    left_out,
    read_with,
)
from medical.training.adapting.pseudo_labels import PseudoLabels
from medical.training.adapting.soft_labels import with_soft_labels
from medical.training.calibration.raw_scores import CalibrationData
from medical.training.calibration.recalibrate import Recalibrated, TooFewError
from medical.training.calibration.score_cache import joined
from models.zoo.loader import WEIGHTS, StoredModel

_log = logging.getLogger(__name__)

REPORT = "adaptation.json"


@dataclass(frozen=True, slots=True)
class Readings:
    """What weights said of the CTs kept aside.

    Args:
        weights: their file.
        parts: raw scores, a CT each.
        labels: what the old model would report, a CT each.
    """

    weights: Path
    parts: list[CalibrationData]
    labels: list[PseudoLabels]

    def left_out(self, *, otherwise: float) -> list[CtOutcome]:
        """Each CT by a calibration on the others."""
        return left_out(self.parts, self.labels, otherwise=otherwise)


def choose_adapted_model(
    readings: Sequence[Readings],
    *,
    old: StoredModel,
    how: str,
    recipe: str,
    sides: HospitalCts,
    out: Path,
) -> Path | None:
    """Choose between new weights, old ones calibrated anew, and the old model as it is.

    Args:
        readings: of the old weights and, where anything was learnt, of the new ones.
        old: the old model.
        how: what was asked for.
        recipe: in words, for the card.
        sides: the CTs.
        out: of the run; ``adaptation.json`` and ``model`` go there.

    Returns:
        ``out/model``, or ``None`` where the old model stays as it is.

    Raises:
        InputError: too few inserted nodules were found to calibrate by.
    """
    before = as_it_is(readings[0].parts, readings[0].labels, old.card)
    point = old.card.operating_point
    try:
        after = [item.left_out(otherwise=point) for item in readings]
    except TooFewError as error:
        raise InputError(
            out, f"not calibrated: {error}", "Give more CTs, and remove the folder"
        ) from error
    decisions: dict[str, Decision] = {}
    chosen: int | None = None
    if len(readings) > 1:
        decisions[how] = decide_on_weights(after[1], after[0], readings[0].labels)
        chosen = 1 if decisions[how].replaces else None
    if chosen is None:
        decisions["calibrate"] = decide_on_calibration(after[0], before)
        chosen = 0 if decisions["calibrate"].replaces else None
    figures = {"before": figures_of(before), "calibrate": figures_of(after[0])}
    if len(readings) > 1:
        figures[how] = figures_of(after[1])
    _log_figures(figures, decisions, old)
    used = None if chosen is None else (how if chosen else "calibrate")
    _write_report(out / REPORT, used, figures, decisions, sides.aside, before, after)
    folder = out / "model"
    if folder.exists():  # of an earlier start
        shutil.rmtree(folder)
    if chosen is None or used is None:
        return None
    reading = readings[chosen]
    folder.mkdir()
    shutil.copyfile(reading.weights, folder / WEIGHTS)
    own = _own(reading, len(sides.aside))
    if own.operating.threshold is None:
        _log.info(f"the operating point is copied: {own.operating.guarantee['none']}")
    write_card(
        folder,
        Adapted(
            parent=old,
            how=used,
            recipe=recipe
            if chosen
            else "weights as they were, calibration and operating point anew",
            learnt=sides.learnt if chosen else (),
            aside=sides.aside,
            own=own,
            measured=joined(_halved(reading)),
            outcomes=_in_sample(reading, own, otherwise=point),
            before=figures["before"],
            after=figures[used],
        ),
    )
    return folder


def _halved(reading: Readings) -> list[CalibrationData]:
    pairs = zip(reading.parts, reading.labels, strict=True)
    return [with_soft_labels(part, indices) for part, indices in pairs]


def _own(reading: Readings, cts: int) -> Recalibrated:
    nodules = sum(len(part.inserted_mm) for part in reading.parts)
    return calibrated(
        reading.parts,
        reading.labels,
        description=f"{counted(cts, 'unlabelled CT')} of the user's own with "
        f"{counted(nodules, 'INSERTED nodule')}; "
        "candidates that the old model would report count as nodules by its probability and as "
        "false by the rest; coverage measured leave-one-scan-out on inserted nodules",
    )


def _in_sample(reading: Readings, own: Recalibrated, *, otherwise: float) -> list[CtOutcome]:
    threshold = own.operating.threshold or otherwise
    return [
        read_with(part, indices, own.calibration, threshold=threshold)
        for part, indices in zip(reading.parts, reading.labels, strict=True)
    ]


def _log_figures(
    figures: dict[str, Figures], decisions: dict[str, Decision], old: StoredModel
) -> None:
    for name, figure in figures.items():
        who = f"{old.card.name} {old.card.version}" if name == "before" else f"after, {name}"
        _log.info(f"{who}: {figure.sentence()}")
    for name, decision in decisions.items():
        _log.info(f"{name}: {decision.why}")


def _write_report(
    path: Path,
    used: str | None,
    figures: dict[str, Figures],
    decisions: dict[str, Decision],
    aside: Sequence[HospitalCt],
    before: Sequence[CtOutcome],
    after: Sequence[Sequence[CtOutcome]],
) -> None:
    """All figures as JSON, scanner by scanner too; what is not a number is ``null``."""
    names = list(figures)
    sides = dict(zip(names, (before, *after), strict=True))
    scanners: dict[str, dict[str, Any]] = {}
    for scanner in sorted({ct.scanner for ct in aside}):
        indices = [n for n, ct in enumerate(aside) if ct.scanner == scanner]
        scanners[scanner] = {
            name: asdict(figures_of([outcomes[n] for n in indices]))
            for name, outcomes in sides.items()
        }
    report = {
        "used": used,
        "caution": "sensitivity is that on INSERTED nodules; findings are counted on CTs that "
        "nobody read",
        "figures": {name: asdict(figure) for name, figure in figures.items()},
        "decisions": {name: asdict(decision) for name, decision in decisions.items()},
        "by_scanner": scanners,
    }
    path.write_text(json.dumps(_finite(report), indent=2) + "\n", "utf-8")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return value
