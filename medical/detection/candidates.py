"""First stage over a whole CT: what finds candidates, the project's own network or an imported one.

The project's own runs by MONAI's sliding windows where there is lung; then peaks and suppression.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int
from monai.inferers import sliding_window_inference
from scipy import ndimage
from torch import Tensor

from medical.ct.prepare import Prepared
from medical.ct.volume import CtVolume, QualityNote
from medical.i18n.messages import message
from models.detector.detector import CHANNELS_OUT, HEAT, STRIDE
from models.detector.mirrors import in_mirrors
from models.detector.normalise import normalise
from models.detector.peaks import find_peaks
from models.detector.runtime import compiled_detector, compiled_maps
from models.zoo.card import ModelCard

if TYPE_CHECKING:
    from monai.apps.detection.networks.retinanet_network import RetinaNet

    from models.detector.detector import Detector
    from models.detector.retinanet import RetinaNetConfig

WINDOW = (128, 128, 128)
# Windows begin at whole cells of the output: MONAI cuts fractions off, and a window whose map lies
# half a cell off puts every nodule in it 2 mm beside.
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

    def only(self, indices: Int[np.ndarray, " m"]) -> CandidateSet:
        """Return those at some indices."""
        return CandidateSet(
            self.centers_voxel[indices], self.diameters_mm[indices], self.logits[indices]
        )


FirstStage = Callable[[CtVolume, Prepared, Progress], CandidateSet]
"""Finds candidates in a CT, given as read and on its 1 mm grid, and tells the share done."""


def find_candidates(
    hu: Float32[np.ndarray, "z y x"],
    lung: Bool[np.ndarray, "z y x"],
    detector: Callable[[Tensor], Tensor],
    *,
    progress: Callable[[float], None] | None = None,
) -> CandidateSet:
    """Find what might be a nodule.

    Args:
        hu: on a 1 mm axial grid, already cropped to the lungs with a margin.
        lung: same shape; windows without lung are not looked at, and a candidate must touch it.
        detector: takes ``[1, 1, *WINDOW]``; each window is shown to it in a mirror as well.
        progress: told the share of windows done.
    """
    both = torch.stack([normalise(torch.from_numpy(hu)), torch.from_numpy(lung).float()])[None]
    done, both_views = 0, in_mirrors(detector)
    total = _window_count(hu.shape)

    def look(window: Tensor) -> Tensor:
        nonlocal done
        done += 1
        if progress:
            progress(min(1.0, done / total))
        if not window[:, 1].any():
            nothing = window.new_zeros(1, CHANNELS_OUT, *(n // STRIDE for n in WINDOW))
            nothing[:, HEAT] = _NOWHERE_LOGIT
            return nothing
        return both_views(window[:, :1].contiguous())

    padded, shape = _pad_to_windows(both)
    output = sliding_window_inference(
        padded,
        WINDOW,
        1,
        look,
        overlap=OVERLAP,
        mode="gaussian",
        sigma_scale=0.25,
        padding_mode="replicate",
    )
    cells = tuple(-(-n // STRIDE) for n in shape)
    return candidates_in(output[:, :, : cells[0], : cells[1], : cells[2]], lung)


def candidates_in(output: Tensor, lung: Bool[np.ndarray, "z y x"]) -> CandidateSet:
    """Peaks of a whole scan's map that touch lung, the weaker of two at one place left out.

    Args:
        output: ``[1, 6, z/4, y/4, x/4]`` in the detector's output contract, rounded up.
        lung: a candidate must touch it.
    """
    peaks = find_peaks(output, most=MAX_CANDIDATES * 3)
    keep = (peaks.logits[0] > _MIN_LOGIT).numpy()
    centers = peaks.centers[0].numpy()[keep]
    diameters = peaks.diameters_mm[0].numpy()[keep]
    logits = peaks.logits[0].numpy()[keep]
    touching = touches_lung(centers, diameters, lung)
    centers, diameters, logits = centers[touching], diameters[touching], logits[touching]
    chosen = _suppress(centers, diameters)[:MAX_CANDIDATES]
    return CandidateSet(centers[chosen], diameters[chosen], logits[chosen])


def _pad_to_windows(x: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    """Grow each side, at its end, to a multiple of the stride and at least a window's edge.

    MONAI would grow what is shorter than a window on both sides, by fractions of a cell.
    """
    shape = tuple(x.shape[2:])
    wanted = [max(n + -n % STRIDE, w) for n, w in zip(shape, WINDOW, strict=True)]
    pad: list[int] = []
    for n, w in zip(reversed(shape), reversed(wanted), strict=True):
        pad += [0, w - n]
    return torch.nn.functional.pad(x, pad, mode="replicate"), shape


def _window_count(shape: tuple[int, ...]) -> int:
    counts = [
        1 + max(0, -(-(n - w) // int(w * (1 - OVERLAP))))
        for n, w in zip(shape, WINDOW, strict=True)
    ]
    return int(np.prod(counts))


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
    distance_mm = ndimage.distance_transform_edt(~lung[::2, ::2, ::2]) * 2.0
    index = np.clip(np.round(centers / 2).astype(int), 0, np.array(distance_mm.shape) - 1)
    return np.asarray(distance_mm[tuple(index.T)] <= diameters_mm / 2 + _NEAR_LUNG_MM)


def _suppress(
    centers: Float[np.ndarray, "n 3"], diameters_mm: Float[np.ndarray, " n"]
) -> list[int]:
    """Keep the strongest of those inside each other's radius; the input is strongest first."""
    strongest: list[int] = []
    for index, center in enumerate(centers):
        apart = [np.linalg.norm(center - centers[k]) for k in strongest]
        reach = [max(diameters_mm[k], diameters_mm[index]) * 0.5 for k in strongest]
        if all(a > max(r, 3.0) for a, r in zip(apart, reach, strict=True)):
            strongest.append(index)
    return strongest


def compile_heat_map(detector: Detector) -> FirstStage:
    """Compile the project's own first stage, in evaluation mode."""
    run = compiled_detector(detector, window=WINDOW)

    def find(ct: CtVolume, prepared: Prepared, progress: Progress) -> CandidateSet:
        return find_candidates(prepared.hu, prepared.lung, run, progress=progress)

    return find


def compile_boxes(network: RetinaNet, config: RetinaNetConfig) -> FirstStage:
    """Compile an imported RetinaNet, in evaluation mode."""
    from medical.detection.retinanet import find_by_boxes

    run = compiled_maps(network, window=config.patch)

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
