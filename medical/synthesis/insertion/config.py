"""What the nodule engine mixes: the one place for its shares, sizes and strengths."""

from __future__ import annotations

from dataclasses import dataclass

_SHARES = (
    "lesion_share",
    "cube_share",
    "wide_share",
    "distractor_share",
    "lung_distractor_share",
    "small_share",
    "rotation_share",
    "deformation_share",
    "vessel_overlay_share",
    "variation",
)
FORMER_NAMES = {
    "fake_share": "distractor_share",
    "chunk_share": "lung_distractor_share",
    "turned_share": "rotation_share",
    "bent_share": "deformation_share",
    "crossed_share": "vessel_overlay_share",
}
"""Options as recipes and runs of version 0.5 and earlier call them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentationConfig:
    """Shares and sizes of what is drawn; a curriculum is a row of these.

    Args:
        lesion_share: share of patches centred on a real lesion, in cases that have one.
        cube_share: share of real cubes among what is set into lung.
        wide_share: share of the cubes that bring their surroundings along.
        distractor_share: share of distractors among it, which carry no label; the rest are shapes.
        lung_distractor_share: share of patches into which a ball of lung without a nodule is set
            first.
        rotation_share: share of patches turned by any angle, the others by at most 40 degrees.
        deformation_share: share of patches that are deformed elastically, see ``filters``.
        vessel_overlay_share: share of patches that other patches' vessels are laid across.
        small_share: share of wished diameters from the small range, the rest from the large one.
        small_mm: least and largest diameter of the small range.
        large_mm: least and largest diameter of the large range.
        densities: shares of solid, part-solid, ground-glass and calcified among the shapes.
        variation: strength of what differs between scanners and patients, 0 to 1: dose, kernel,
            slice thickness, calibration, inspiration, size and pose.

    Raises:
        ValueError: a share is not in [0, 1], a range is empty, or no density has a share.
    """

    lesion_share: float = 0.2
    cube_share: float = 0.35
    wide_share: float = 0.7
    distractor_share: float = 0.15
    lung_distractor_share: float = 0.4
    rotation_share: float = 0.3
    deformation_share: float = 0.6
    vessel_overlay_share: float = 0.4
    small_share: float = 0.75
    small_mm: tuple[float, float] = (3.0, 12.0)
    large_mm: tuple[float, float] = (10.0, 32.0)
    densities: tuple[float, float, float, float] = (0.6, 0.15, 0.17, 0.08)
    variation: float = 1.0

    def __post_init__(self) -> None:
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be in [0, 1]")
        if self.cube_share + self.distractor_share > 1:
            raise ValueError("cube_share and distractor_share are more than one together")
        if min(self.densities) < 0 or sum(self.densities) <= 0:
            raise ValueError(f"densities are {self.densities}; give four shares of at least 0")
        for name in ("small_mm", "large_mm"):
            low, high = getattr(self, name)
            if not 0 < low < high:
                raise ValueError(f"{name} is ({low}, {high}); give two rising diameters")
