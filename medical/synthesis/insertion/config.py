"""What the nodule engine mixes: the one place for its shares, sizes and strengths."""

from __future__ import annotations

from dataclasses import dataclass

_SHARES = (
    "lesion_share",
    "cube_share",
    "wide_share",
    "fake_share",
    "chunk_share",
    "small_share",
    "turned_share",
    "bent_share",
    "crossed_share",
    "variation",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """Shares and sizes of what is drawn; a curriculum is a row of these.

    Args:
        lesion_share: share of patches centred on a real lesion, in cases that have one.
        cube_share: share of real cubes among what is set into lung.
        wide_share: share of the cubes that bring their surroundings along.
        fake_share: share of look-alikes among it, which carry no label; the rest are shapes.
        chunk_share: share of patches into which a ball of lung without a nodule is set first.
        turned_share: share of patches turned by any angle, the others by at most 40 degrees.
        bent_share: share of patches that are bent, see ``warp``.
        crossed_share: share of patches that other patches' vessels are laid across.
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
    fake_share: float = 0.15
    chunk_share: float = 0.4
    turned_share: float = 0.3
    bent_share: float = 0.6
    crossed_share: float = 0.4
    small_share: float = 0.75
    small_mm: tuple[float, float] = (3.0, 12.0)
    large_mm: tuple[float, float] = (10.0, 32.0)
    densities: tuple[float, float, float, float] = (0.6, 0.15, 0.17, 0.08)
    variation: float = 1.0

    def __post_init__(self) -> None:
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be in [0, 1]")
        if self.cube_share + self.fake_share > 1:
            raise ValueError("cube_share and fake_share are more than one together")
        if min(self.densities) < 0 or sum(self.densities) <= 0:
            raise ValueError(f"densities are {self.densities}; give four shares of at least 0")
        for name in ("small_mm", "large_mm"):
            low, high = getattr(self, name)
            if not 0 < low < high:
                raise ValueError(f"{name} is ({low}, {high}); give two rising diameters")
