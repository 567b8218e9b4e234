"""All tests of a finding's map at once, and the table of methods: means with intervals by scan."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from medical.evaluation.intervals import draw_scans, percentile_interval
from medical.explain.checks.insertion_deletion import insertion_deletion
from medical.explain.checks.localisation import energy_inside, points_at
from medical.explain.checks.stability import laid_back, seen_again, ssim, wholly_random
from medical.explain.methods import Method
from medical.explain.shipped_detector import StarLungFinding
from medical.explain.subject import Crop, Explanation
from models.training.two_stage import TwoStage

TOLERANCE_MM = 3.0
MEASURES = (
    "pointing",
    "pointing_3mm",
    "energy",
    "insertion",
    "deletion",
    "repeatability",
    "random_class",
    "random_box",
)


@dataclass(frozen=True, slots=True)
class CheckedMap:
    """What the tests say of one map.

    Args:
        scan: the scan or copy that the finding lies in; intervals redraw these.
        method: that made the map.
        pointing: 1 where the strongest voxel lies on the nodule, else 0.
        pointing_3mm: the same, up to 3 mm away.
        energy: share of the map inside the nodule.
        insertion: mean probability while the map's voxels come; high is good.
        deletion: the same while they go; low is good.
        repeatability: SSIM with the map of the finding seen again; high is good. Not a number,
            like the next two, where it was not asked for.
        random_class: SSIM with a wholly random network's map of the class; low is good.
        random_box: the same of the box.
        cpu_seconds: of all cores together, for one map.
    """

    scan: str
    method: str
    pointing: float
    pointing_3mm: float
    energy: float
    insertion: float
    deletion: float
    repeatability: float
    random_class: float
    random_box: float
    cpu_seconds: float


def check_map(
    method: Method,
    networks: TwoStage,
    crop: Crop,
    nodule: Bool[np.ndarray, "z y x"],
    *,
    scan: str,
    thorough: bool = True,
    seed: int = 0,
) -> tuple[Explanation, CheckedMap]:
    """Make a finding's map and test it.

    Args:
        method: under test.
        networks: both stages, in evaluation mode.
        crop: the finding's.
        nodule: its true mask on the crop's grid.
        scan: for the record.
        thorough: whether to see the finding again and to test against a random network, which
            costs four more maps.
        seed: of the random network.
    """
    subject = StarLungFinding.of(networks, crop)
    started = time.process_time()
    shown = method(subject, crop, target="class")
    cpu_seconds = time.process_time() - started
    repeatability = random_class = random_box = math.nan
    if thorough:
        again = seen_again(crop)
        repeated = method(StarLungFinding.of(networks, again), again, target="class")
        repeatability = ssim(shown, laid_back(repeated, crop))
        random = wholly_random(subject, seed=seed)
        random_class = ssim(shown, method(random, crop, target="class"))
        random_box = ssim(method(subject, crop, target="box"), method(random, crop, target="box"))
    curves = insertion_deletion(subject, shown)
    return shown, CheckedMap(
        scan=scan,
        method=shown.method,
        pointing=float(points_at(shown, nodule)),
        pointing_3mm=float(points_at(shown, nodule, tolerance_mm=TOLERANCE_MM)),
        energy=energy_inside(shown, nodule),
        insertion=curves.insertion,
        deletion=curves.deletion,
        repeatability=repeatability,
        random_class=random_class,
        random_box=random_box,
        cpu_seconds=cpu_seconds,
    )


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over findings with its 95 % interval over draws of scans."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} [{self.low:.2f}, {self.high:.2f}]"


def figure(rows: Sequence[CheckedMap], measure: str, *, seed: int = 0) -> Figure:
    """Mean of one measure; scans are redrawn with replacement, each with all its findings.

    Args:
        rows: of one method.
        measure: one of ``MEASURES`` or ``cpu_seconds``.
        seed: of the draws.

    Rows without the measure (not a number) do not count.

    Raises:
        ValueError: no row has the measure.
    """
    known = [row for row in rows if not math.isnan(getattr(row, measure))]
    if not known:
        raise ValueError(f"no row to take the mean of {measure} from")
    values = np.array([float(getattr(row, measure)) for row in known])
    scans, where = np.unique([row.scan for row in known], return_inverse=True)
    sums, counts = np.bincount(where, values), np.bincount(where)
    drawn = draw_scans(len(scans), seed=seed)
    low, high = percentile_interval(sums[drawn].sum(1) / counts[drawn].sum(1))
    return Figure(float(values.mean()), low, high)


def table(rows: Sequence[CheckedMap]) -> str:
    """One line a method in the order of their first rows, ready to be printed."""
    heads = [f"{name:>21s}" for name in (*MEASURES, "CPU seconds")]
    lines = [f"{'method':18s}{'findings':>9s}" + "".join(heads)]
    for method in dict.fromkeys(row.method for row in rows):
        of_method = [row for row in rows if row.method == method]
        cells = [f"{_cell(of_method, name):>21s}" for name in MEASURES]
        seconds = figure(of_method, "cpu_seconds").mean
        lines.append(f"{method:18s}{len(of_method):9d}" + "".join(cells) + f"{seconds:21.2f}")
    return "\n".join(lines)


def _cell(rows: Sequence[CheckedMap], measure: str) -> str:
    try:
        return str(figure(rows, measure))
    except ValueError:
        return "-"
