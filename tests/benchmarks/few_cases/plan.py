"""Which scans are labelled, which are only looked at, and which are scored.

Scored are the hybrid scans of two held-out lungs, from a SOMATOM Scope and a LightSpeed Plus.
Nothing is known of the training scans' machines (their files hold voxels alone), but none comes
from the hospitals of these two: whatever comes from a collection that is scored is left out of
pretraining too. The third held-out lung is not scored: its collection, QIN, is trained on.

Few means few lungs and few real lesions. What the nodule engine sets into them is the whole pool.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medical.synthesis.case import TrainingCase

SCORED = ("covid-ct-md-normal001", "lidc-idri-0001")
# those with a real lesion that is taught, see ``shared_cases``
LABELLED = (
    "cmb-crc-msb-01068",
    "cptac-c3n-00247",
    "qin-lsc-0003",
    "qin-lsc-0049",
    "qin-lsc-0064",
    "qin-lung-01-0013",
)
COUNTS = (1, 2, 4)
SEEDS = (1, 2, 3)
PRETRAINED, PLAIN = "pretrained", "plain"


@dataclass(frozen=True, slots=True)
class Arm:
    """One training.

    Args:
        count: labelled scans, 1 to all of ``LABELLED``.
        way: ``PRETRAINED`` or ``PLAIN``.
        seed: of the weights, of what is drawn, and of which scans are labelled.

    Raises:
        ValueError: there is no such way, or there are not that many scans.
    """

    count: int
    way: str
    seed: int

    def __post_init__(self) -> None:
        if self.way not in (PRETRAINED, PLAIN):
            raise ValueError(f"the way is '{self.way}'; give {PRETRAINED} or {PLAIN}")
        if not 1 <= self.count <= len(LABELLED):
            raise ValueError(f"{self.count} labelled scans; give 1 to {len(LABELLED)}")

    @property
    def name(self) -> str:
        """Its file's stem."""
        return f"{self.way}-{self.count}-seed{self.seed}"

    @property
    def labelled(self) -> tuple[str, ...]:
        """The same scans for both ways; those of a smaller count are among a larger one's."""
        order = np.random.default_rng(self.seed).permutation(len(LABELLED))
        return tuple(LABELLED[i] for i in order[: self.count])


ARMS = tuple(
    Arm(count, way, seed) for seed in SEEDS for count in COUNTS for way in (PRETRAINED, PLAIN)
)


def collection_of(name: str) -> str:
    """The collection, that is the hospital, that a scan is from."""
    return name.split("-", maxsplit=1)[0]


def divide(cases: list[TrainingCase], arm: Arm) -> tuple[list[TrainingCase], list[TrainingCase]]:
    """Choose an arm's labelled scans, and all lungs to pretrain on.

    Raises:
        ValueError: a labelled scan is missing; the message says which.
    """
    scored = {collection_of(name) for name in SCORED}
    unlabelled = [case for case in cases if collection_of(case.name) not in scored]
    by_name = {case.name: case for case in unlabelled}
    if missing := [name for name in arm.labelled if name not in by_name]:
        raise ValueError(f"no case {', '.join(missing)}; there are: {', '.join(sorted(by_name))}")
    return [by_name[name] for name in arm.labelled], unlabelled
