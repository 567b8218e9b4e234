"""First stage over a whole CT: what finds candidates, the project's own network or an imported one.

The project's own sees the box of the lungs at once, or windows of it where there is lung, as its
card says; then peaks and suppression.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from medical.ct.prepare import Prepared
from medical.ct.slabs import map_each
from medical.ct.volume import CtVolume, QualityNote
from medical.detection.seen_box import box_window, trim_margins
from medical.i18n.messages import message
from models.detector.contract import CHANNELS_OUT, HEAT, STRIDE
from models.detector.normalise import normalise
from models.runtime.mirrors import in_mirrors
from models.runtime.networks import FirstStageNetwork, Run
from models.runtime.peaks import find_peaks
from models.runtime.windows import Window, over_windows, window_places
from models.zoo.card import ModelCard

if TYPE_CHECKING:
    from models.detector.retinanet import RetinaNetConfig

WINDOW = (128, 128, 128)
# Windows begin at whole cells of the output: a window whose map lies half a cell off puts every
# nodule in it 2 mm beside.
OVERLAP = 0.25
MAX_CANDIDATES = 60
_NOWHERE_LOGIT = -12.0
_MIN_LOGIT = -4.5
_NEAR_LUNG_MM = 4.0
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True, eq=False)
class CandidateSet:
    """Candidates of one CT on its 1 mm grid, strongest first.

    Args:
        centers_voxel: ``[n, 3]`` (z, y, x) on the 1 mm grid.
        diameters_mm: ``[n]``.
        logits: ``[n]`` first-stage heat.
    """

    centers_voxel: Float[np.ndarray, "n 3"]
    diameters_mm: Float[np.ndarray, " n"]
    logits: Float[np.ndarray, " n"]

    def moved(self, by_voxel: tuple[int, ...]) -> CandidateSet:
        """Return the same in a volume in which theirs begins at (z, y, x)."""
        centers = self.centers_voxel + np.array(by_voxel, self.centers_voxel.dtype)
        return CandidateSet(centers, self.diameters_mm, self.logits)

    def only(self, indices: Int[np.ndarray, " m"]) -> CandidateSet:
        """Return those at some indices."""
        return CandidateSet(
            self.centers_voxel[indices], self.diameters_mm[indices], self.logits[indices]
        )


CandidateFinder = Callable[..., CandidateSet]
"""Finds candidates on a 1 mm grid: HU, lung, and whom to tell the share done."""
FirstStage = Callable[[CtVolume, Prepared, Progress], CandidateSet]
"""Finds candidates in a CT, given as read and on its 1 mm grid, and tells the share done."""


def find_in_windows(
    hu: Float32[np.ndarray, "z y x"],
    lung: Bool[np.ndarray, "z y x"],
    detector: FirstStageNetwork,
    *,
    progress: Callable[[float], None] | None = None,
) -> CandidateSet:
    """Find what might be a nodule, by windows.

    Args:
        hu: on a 1 mm axial grid, already cropped to the lungs with a margin.
        lung: same shape; windows without lung are not looked at, and a candidate must touch it.
        detector: sees ``WINDOW``.
        progress: told the share of windows done.
    """
    return _find(hu, lung, detector, WINDOW, progress)


def find_in_box(
    hu: Float32[np.ndarray, "z y x"],
    lung: Bool[np.ndarray, "z y x"],
    detector: FirstStageNetwork,
    *,
    progress: Callable[[float], None] | None = None,
) -> CandidateSet:
    """Find what might be a nodule in the whole box at once, or in few large parts of a large one.

    Of the margins around the lungs as much is seen as fits the network's strides.

    Args:
        hu: on a 1 mm axial grid, already cropped to the lungs with a margin.
        lung: same shape; a candidate must touch it.
        detector: reads a place alike in a part and in the whole.
        progress: told the share of parts done.
    """
    box = trim_margins(lung)
    seen = hu[box]
    return _find(seen, lung[box], detector, box_window(seen.shape), progress).moved(
        tuple(part.start for part in box)
    )


def _find(
    hu: Float32[np.ndarray, "z y x"],
    lung: Bool[np.ndarray, "z y x"],
    detector: FirstStageNetwork,
    window: Window,
    progress: Callable[[float], None] | None,
) -> CandidateSet:
    image = _image(hu, window)
    places = list(window_places(image.shape, window, overlap=OVERLAP))
    done = 0

    def compute(place: tuple[slice, ...]) -> Float32[np.ndarray, "c z y x"]:
        nonlocal done
        done += 1
        if progress:
            progress(min(1.0, done / len(places)))
        if lung[place].any():
            return np.asarray(detector(np.ascontiguousarray(image[place])[None, None])[0])
        nothing = np.zeros((CHANNELS_OUT, *(n // STRIDE for n in window)), np.float32)
        nothing[HEAT] = _NOWHERE_LOGIT
        return nothing

    if len(places) == 1:
        output = compute(places[0])
    else:
        output = over_windows(image.shape, window, compute, overlap=OVERLAP)
    z, y, x = (-(-n // STRIDE) for n in hu.shape)
    return candidates_in(output[:, :z, :y, :x], lung)


def candidates_in(
    output: Float32[np.ndarray, "c z y x"], lung: Bool[np.ndarray, "z y x"]
) -> CandidateSet:
    """Peaks of a whole scan's map that touch lung, the weaker of two at one place left out.

    Args:
        output: ``[6, z/4, y/4, x/4]``, see ``models.detector.contract``, rounded up.
        lung: a candidate must touch it.
    """
    peaks = find_peaks(output, most=MAX_CANDIDATES * 3, min_logit=_MIN_LOGIT)
    touching = touches_lung(peaks.centers, peaks.diameters_mm, lung)
    centers, diameters, logits = (part[touching] for part in peaks)
    chosen = _suppress(centers, diameters)[:MAX_CANDIDATES]
    return CandidateSet(centers[chosen], diameters[chosen], logits[chosen])


def _image(hu: Float32[np.ndarray, "z y x"], window: Window) -> Float32[np.ndarray, "z2 y2 x2"]:
    """Make what the first stage sees: normalised, the edge repeated at the end of each axis.

    Each axis is a multiple of the stride then, and at least a window's edge. Slice by slice: one
    fits the processor's cache, a CT does not.
    """
    shape = tuple(max(n + -n % STRIDE, w) for n, w in zip(hu.shape, window, strict=True))
    (depth, rows, columns), image = hu.shape, np.empty(shape, np.float32)

    def fill(z: int) -> None:
        plane = image[z]
        plane[:rows, :columns] = normalise(hu[z])
        plane[rows:, :columns] = plane[rows - 1, :columns]
        plane[:, columns:] = plane[:, columns - 1 : columns]

    map_each(fill, range(depth))
    image[depth:] = image[depth - 1]
    return image


def touches_lung(
    centers: Float[np.ndarray, "n 3"],
    diameters_mm: Float[np.ndarray, " n"],
    lung: Bool[np.ndarray, "z y x"],
) -> Bool[np.ndarray, " n"]:
    """Whether a ball of each candidate's size reaches lung (to the mask's 2 mm).

    Args:
        centers: (z, y, x) on the mask's 1 mm grid.
        diameters_mm: of the candidates.
        lung: where nodules may be.
    """
    if len(centers) == 0:
        return np.zeros(0, bool)
    coarse = lung[::2, ::2, ::2]
    index = np.clip(np.round(centers / 2).astype(int), 0, np.array(coarse.shape) - 1)
    reach = (diameters_mm / 2 + _NEAR_LUNG_MM) / 2.0
    return np.array([_has_near(coarse, at, far) for at, far in zip(index, reach, strict=True)])


def _has_near(mask: Bool[np.ndarray, "z y x"], at: Int[np.ndarray, 3], reach_voxel: float) -> bool:
    """Whether a voxel of a mask lies within a reach of one of its places."""
    reach = int(reach_voxel)
    low = np.maximum(at - reach, 0)
    near = np.argwhere(mask[tuple(slice(a, b + reach + 1) for a, b in zip(low, at, strict=True))])
    return bool((((near + low - at) ** 2).sum(1) <= reach_voxel**2).any())


def _suppress(
    centers: Float[np.ndarray, "n 3"], diameters_mm: Float[np.ndarray, " n"]
) -> list[int]:
    """Keep the strongest of those inside each other's radius; the input is strongest first."""
    strongest: list[int] = []
    for index, center in enumerate(centers):
        apart = np.linalg.norm(center - centers[strongest], axis=1)
        reach = np.maximum(diameters_mm[strongest], diameters_mm[index]) * 0.5
        if (apart > np.maximum(reach, 3.0)).all():
            strongest.append(index)
    return strongest


def candidate_finder(run: Run, *, whole_box: bool, mirrored: bool) -> CandidateFinder:
    """Make what finds candidates of the project's own network.

    Args:
        run: the network.
        whole_box: it sees the lungs' box at once; else windows of it.
        mirrored: it sees each in a mirror as well.
    """
    find = find_in_box if whole_box else find_in_windows

    def detector(image: np.ndarray) -> np.ndarray:
        return run(image)[0]

    seen = in_mirrors(detector) if mirrored else detector

    def finder(
        hu: Float32[np.ndarray, "z y x"],
        lung: Bool[np.ndarray, "z y x"],
        progress: Progress | None = None,
    ) -> CandidateSet:
        return find(hu, lung, seen, progress=progress)

    return finder


def by_heat_map(run: Run, *, whole_box: bool, mirrored: bool) -> FirstStage:
    """Make a first stage of the project's own network; arguments as of ``candidate_finder``."""
    find = candidate_finder(run, whole_box=whole_box, mirrored=mirrored)
    return lambda ct, prepared, progress: find(prepared.hu, prepared.lung, progress)


def by_boxes(run: Run, config: RetinaNetConfig) -> FirstStage:
    """Make a first stage of an imported RetinaNet."""
    from medical.detection.retinanet import find_by_boxes

    def find(ct: CtVolume, prepared: Prepared, progress: Progress) -> CandidateSet:
        return find_by_boxes(ct, prepared, run, config, progress=progress)

    return find


def model_notes(card: ModelCard) -> tuple[QualityNote, ...]:
    """Note what a reader must know of the model: whether its probabilities were calibrated."""
    if card.calibration.candidates > 0:
        return ()
    return (
        QualityNote(
            "uncalibrated-model",
            "warning",
            message(
                "The probabilities are those of {model} itself, which was not calibrated here: "
                "no interval of them and no operating point is known to hold.",
                model=card.name,
            ),
        ),
    )
