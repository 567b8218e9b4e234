"""The card of an adapted model: what it was adapted to, how, and what that changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from medical.program import program_version
from medical.training.adapting.hospital_cts import HospitalCt
from medical.training.adapting.outcome import CtOutcome, Figures
from medical.training.calibration.raw_scores import CalibrationData
from medical.training.calibration.recalibrate import Recalibrated, left_out_reliability
from models.zoo.card import CalibrationScan, ModelCard, ReliabilityRow
from models.zoo.loader import CARD, WEIGHTS, StoredModel, sha256_of

_KIND = "adapted-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapted:
    """What there is to say of an adapted model.

    Args:
        parent: the old model.
        how: ``calibrate``, ``statistics`` or ``features``: what differs from it.
        recipe: how long and by what, in words.
        learnt: CTs that the weights have seen; none where only the calibration is new.
        aside: CTs that it is calibrated on.
        own: its calibration and operating point.
        measured: what these come from.
        outcomes: of the CTs kept aside by ``own``, for drift.
        before: figures of the old model as it was.
        after: of the new one, each CT by a calibration on the others.
    """

    parent: StoredModel
    how: str
    recipe: str
    learnt: Sequence[HospitalCt]
    aside: Sequence[HospitalCt]
    own: Recalibrated
    measured: CalibrationData
    outcomes: Sequence[CtOutcome]
    before: Figures
    after: Figures


def write_card(folder: Path, made: Adapted) -> ModelCard:
    """Write the card beside the weights in ``folder`` and return it."""
    parent, own = made.parent.card, made.own
    digest = sha256_of(folder / WEIGHTS)
    point = own.operating.threshold or parent.operating_point
    seen = dict.fromkeys([*parent.scans_seen_in_training, *(ct.uid for ct in made.learnt)])
    card = ModelCard(
        name=_name(digest, own),
        version="1",
        sha256=digest,
        detector=parent.detector,
        refiner=parent.refiner,
        operating_point=point,
        operating_curve=own.operating.curve,
        operating_nodules=own.operating.nodules,
        operating_scans=own.operating.scans,
        calibration_scans=tuple(
            CalibrationScan(
                acquisition=ct.acquisition,
                candidates=tuple(float(p.round(4)) for p in outcome.candidates),
            )
            for ct, outcome in zip(made.aside, made.outcomes, strict=True)
        ),
        reliability=_reliability(made.measured),
        calibration=own.calibration,
        scans_seen_in_training=list(seen),
        data=[
            f"the user's own unlabelled CTs: {len(made.learnt)} learnt from, "
            f"{len(made.aside)} calibrated on",
            *parent.data,
        ],
        recipe=f"starlung {program_version()} adapt, from {parent.name} {parent.version}: "
        f"{made.recipe}. Before: {parent.recipe}",
        metrics=_metrics(made),
        refinement_weight=parent.refinement_weight,
        not_good_for=[
            "clinical use of any kind: research only",
            "scanners other than those it was adapted to",
            *parent.not_good_for[1:],
        ],
    )
    card.write(folder / CARD)
    return card


def _metrics(made: Adapted) -> dict[str, object]:
    return {
        "adaptation": {
            "how": made.how,
            "before": asdict(made.before),
            "after": asdict(made.after),
            "caution": "sensitivity is that on INSERTED nodules; findings were counted on CTs "
            "that nobody read, so some of them may be nodules. After: each CT by a calibration "
            "on the other ones. No real nodule with a reference was measured.",
        },
        "operating_point_promise": made.own.operating.guarantee,
    }


def _name(digest: str, own: Recalibrated) -> str:
    """By weights and calibration: two hospitals may calibrate the same weights."""
    identity = f"{digest} {own.operating.threshold} {own.calibration.model_dump_json()}"
    return _KIND + hashlib.sha256(identity.encode()).hexdigest()[:8]


def _reliability(measured: CalibrationData) -> tuple[ReliabilityRow, ...]:
    try:
        return left_out_reliability(measured)
    except ValueError:  # the other CTs of one are too few: nothing can be claimed
        return ()
