"""All tests of one finding's map at once."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from medical.explain.checks.energy import energy_inside
from medical.explain.checks.insertion_deletion import insertion_deletion
from medical.explain.checks.pointing import points_at
from medical.explain.checks.randomisation import wholly_random
from medical.explain.checks.repeatability import laid_back, seen_again
from medical.explain.checks.similarity import ssim
from medical.explain.crop import Crop
from medical.explain.methods import Method
from medical.explain.result import Explanation
from medical.explain.starlung import StarLungFinding
from models.training.two_stage import TwoStage

TOLERANCE_MM = 3.0


@dataclass(frozen=True, slots=True)
class Judged:
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


def judge(
    method: Method,
    networks: TwoStage,
    crop: Crop,
    nodule: Bool[np.ndarray, "z y x"],
    *,
    scan: str,
    thorough: bool = True,
    seed: int = 0,
) -> tuple[Explanation, Judged]:
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
    return shown, Judged(
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
