"""What a run's cases will not be enough for, said before the first minute of training is spent."""

from __future__ import annotations

from medical.training import gate
from medical.training.calibration.recalibrate import LEAST_SCANS
from medical.training.cases.gather import Gathered


def what_is_missing(gathered: Gathered) -> list[str]:
    """Sentences on what calibration and gate lack; none where both have enough.

    Enough held-out scans are no promise: 60 inserted nodules must be found in them, too, which
    only the trained weights can tell.
    """
    held = {handle.series_instance_uid for handle in gathered.held_out}
    nodules = sum(lesion.series_uid in held for lesion in gathered.truth)
    told = []
    if len(held) < LEAST_SCANS:
        told.append(
            f"calibration needs {LEAST_SCANS} held-out scans, there {_are(len(held))}: the old "
            "model's will be copied, and its intervals and operating point need not hold"
        )
    if len(held) < gate.LEAST_SCANS or nodules < gate.LEAST_NODULES:
        told.append(
            f"the gate needs {gate.LEAST_SCANS} held-out scans with {gate.LEAST_NODULES} nodules, "
            f"there {_are(len(held))} with {nodules}: the new model will not replace the old one"
        )
    if told:
        told.append("to have both, give CTs of more patients whom the old model has not seen")
    return told


def _are(count: int) -> str:
    return f"{'is' if count == 1 else 'are'} {count}"
