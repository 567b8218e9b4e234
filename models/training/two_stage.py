"""One training step of both stages together, or of one of them.

The refinement stage learns on crops around the true nodules (with jitter), around the detector's
own false positives, and around blobs that no network chose. A first stage that has trained for long
on few lungs knows them by heart: what it still finds there is unlike what it finds in lungs it has
not seen, and a refinement stage that learns on those candidates alone ranks worse the longer it
trains. Blobs are found by their contrast only, so they stay what they are: vessels seen end on,
forks, rib ends. Taught on for long on inserted nodules it comes to know inserted ones from real
ones (docs/lessons.md): where only inserted ones are at hand it must not learn, and the first stage
is taught alone.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Protocol, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.detector.contract import CONTEXT_FACTOR, CROP, LOG_DIAMETER, STRIDE, near_extent_mm
from models.detector.crops import crop_around
from models.detector.detector import Detector
from models.detector.losses import centre_loss, centre_targets, refiner_loss
from models.detector.peaks import Candidates, find_peaks
from models.detector.refiner import Refiner

_GRID_MM = 2
_MIN_CONTRAST = 0.12  # of the normalised image: about 120 HU above what lies around
_LUNG = -0.5  # normalised; about -515 HU: a blob must lie within 8 mm of something as thin
_MARGIN = 4  # cells of the 2 mm grid along the border, where surroundings are cut off
FALSE_POSITIVES = 3  # a patch, and as many blobs
_NO_CANDIDATE = -1e3  # logit: a patch had fewer peaks than were asked for
ROWS = 3  # candidates a patch that the refiner sees, false positives and nodules
_CROPS_AT_ONCE = 64  # crops at a time: each needs its own patch gathered, 3.5 MB a channel


def blob_peaks(image: Tensor, output: Tensor, *, most: int) -> Candidates:
    """Draw bright blobs in or at lung, the more contrast the likelier.

    Args:
        image: ``[n, 1, p, p, p]`` normalised, 1 mm.
        output: ``[n, 6, p/4, p/4, p/4]`` of a detector, for the diameter that it says there.
        most: how many a patch.

    Returns:
        Candidates whose logits are 0 where a blob was found and -1e4 where there were too few.
    """
    coarse = functional.avg_pool3d(image.float(), _GRID_MM)
    near, around = (
        functional.avg_pool3d(coarse, width, 1, width // 2, count_include_pad=False)
        for width in (3, 9)
    )
    contrast = near - around
    by_lung = functional.max_pool3d(-coarse, 9, 1, 4) > -_LUNG
    inner = torch.zeros_like(by_lung)
    inner[(..., *(slice(_MARGIN, -_MARGIN),) * 3)] = True
    top = contrast == functional.max_pool3d(contrast, 3, 1, 1)
    blob = top & by_lung & inner & (contrast > _MIN_CONTRAST)
    wish = torch.where(blob, contrast * torch.rand_like(contrast), -1.0).flatten(1)
    strength, index = wish.topk(most, dim=1)
    edge = coarse.shape[-1]
    cell = torch.stack([index // edge**2, index // edge % edge, index % edge], -1)
    log_diameters = output.float()[:, LOG_DIAMETER].flatten(1)
    cells = output.shape[-1]
    z, y, x = (cell * _GRID_MM // STRIDE).unbind(-1)
    diameters = log_diameters.gather(1, (z * cells + y) * cells + x).clamp(0.5, 4.6).exp()
    centers = (cell.float() + 0.5) * _GRID_MM - 0.5
    return Candidates(centers, diameters, torch.where(strength > 0, 0.0, -1e4))


class Batch(Protocol):
    """What a step needs; see ``medical.synthesis.insertion.engine.TrainingBatch``."""

    @property
    def image(self) -> Tensor: ...  # noqa: D102
    @property
    def label(self) -> Tensor: ...  # noqa: D102
    @property
    def centers(self) -> Tensor: ...  # noqa: D102
    @property
    def diameters_mm(self) -> Tensor: ...  # noqa: D102
    @property
    def valid(self) -> Tensor: ...  # noqa: D102
    @property
    def density(self) -> Tensor: ...  # noqa: D102
    @property
    def has_mask(self) -> Tensor: ...  # noqa: D102
    @property
    def ignore_regions(self) -> Tensor: ...  # noqa: D102
    @property
    def answer(self) -> Tensor | None: ...  # noqa: D102


class CandidateCrops(NamedTuple):
    """What the refinement stage sees of ``m`` candidates."""

    near: Tensor  # [m, 1, 32, 32, 32] normalised
    context: Tensor  # [m, 1, 32, 32, 32]
    near_mm: Tensor  # [m] edge of the near crop
    masks: Tensor  # [m, 1, 32, 32, 32] outline where it is known


class TwoStage(nn.Module):
    """Detector and refiner as one module, so that one optimizer and one checkpoint hold both.

    Args:
        detector: the first stage.
        refiner: the second.
        smoothing: of the classifier's labels, see ``refiner_loss``.
    """

    rows: ClassVar[int] = ROWS
    false_positives: ClassVar[int] = FALSE_POSITIVES

    def __init__(self, detector: Detector, refiner: Refiner, *, smoothing: float = 0.0) -> None:
        super().__init__()
        self.detector, self.refiner, self.smoothing = detector, refiner, smoothing

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted losses of both stages by name."""
        output = self.detector(batch.image)
        first = self.first_stage_losses(output, batch)
        with torch.no_grad():
            sources = self.candidate_sources(output.detach(), batch)
            rows = self.candidate_rows(sources, batch)
        return {**first, **self._refine(rows, batch)}

    def first_stage_losses(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Return the first stage's losses; what lies in an ignore region is left out of them."""
        targets = centre_targets(
            batch.centers,
            batch.diameters_mm,
            batch.valid,
            batch.label,
            batch.has_mask,
            batch.ignore_regions,
        )
        return centre_loss(output, targets)

    def candidate_sources(self, output: Tensor, batch: Batch) -> list[Candidates]:
        """Where false positives are looked for, each source apart."""
        peaks = find_peaks(output, most=8)
        return [peaks, blob_peaks(batch.image, output, most=8)]

    def candidate_rows(self, sources: list[Candidates], batch: Batch) -> dict[str, Tensor]:
        """Rows of true nodules (jittered) and of false positives, as flat tensors."""
        count, slots = batch.valid.shape
        device = batch.image.device
        jitter = torch.randn(count, slots, 3, device=device) * (
            0.07 * batch.diameters_mm + 0.6
        ).clamp(max=3.0).unsqueeze(-1)
        wobble = torch.exp(0.25 * torch.randn(count, slots, device=device))
        patch = torch.arange(count, device=device)[:, None]
        true = batch.valid
        candidates = Candidates(*(torch.cat(part, 1) for part in zip(*sources, strict=True)))
        most = self.false_positives
        false = torch.cat([_false_positives(source, batch, most=most) for source in sources], 1)
        size_said = candidates.diameters_mm * torch.exp(
            0.2 * torch.randn_like(candidates.diameters_mm)
        )
        slot = torch.arange(slots, device=device)[None].expand(count, -1)
        rows = {
            "patch": torch.cat([patch.expand_as(true)[true], patch.expand_as(false)[false]]),
            "slot": torch.cat([slot[true], torch.zeros_like(candidates.logits).long()[false]]),
            "center": torch.cat([(batch.centers + jitter)[true], candidates.centers[false]]),
            "diameter": torch.cat([(batch.diameters_mm * wobble)[true], size_said[false]]),
            "is_nodule": torch.cat([true[true], ~false[false]]),
        }
        # always the same number: the accelerator tunes its kernels once for each shape
        total = max(1, len(rows["patch"]))
        wanted = self.rows * count
        keep = torch.randperm(total, device=device).repeat(wanted // total + 1)
        return {name: values[keep[:wanted]] for name, values in rows.items()}

    def cut_crops(self, table: dict[str, Tensor], batch: Batch) -> CandidateCrops:
        """Cut what the refinement stage sees of the rows, and their outlines."""
        patch, slot = table["patch"], table["slot"]
        near_mm = near_extent_mm(table["diameter"])
        near, context, masks = [], [], []
        for piece in range(0, len(patch), _CROPS_AT_ONCE):
            rows = slice(piece, piece + _CROPS_AT_ONCE)
            image = batch.image[patch[rows]].float()
            outline = (batch.label[patch[rows]] == (slot[rows] + 1).view(-1, 1, 1, 1, 1)).float()
            center, extent = table["center"][rows], near_mm[rows]
            crops = crop_around(torch.cat([image, outline], 1), center, extent, size=CROP)
            near.append(crops[:, :1])
            masks.append(crops[:, 1:])
            context.append(crop_around(image, center, extent * CONTEXT_FACTOR, size=CROP))
        return CandidateCrops(torch.cat(near), torch.cat(context), near_mm, torch.cat(masks))

    def _refine(self, table: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        patch, slot = table["patch"], table["slot"]
        crops = self.cut_crops(table, batch)
        prediction, mask_logits = self.refiner(crops.near, crops.context, crops.near_mm)
        diameters = batch.diameters_mm[patch, slot]
        return refiner_loss(
            prediction,
            mask_logits,
            is_nodule=table["is_nodule"],
            log_diameter=diameters.clamp(min=1.0).log(),
            density=batch.density[patch, slot],
            mask=crops.masks,
            has_mask=batch.has_mask[patch, slot],
            smoothing=self.smoothing,
        )


class RefinementStageOnly(TwoStage):
    """Teaches the refinement stage on the candidates of a first one that no longer learns."""

    def __init__(self, detector: Detector, refiner: Refiner, *, smoothing: float) -> None:
        super().__init__(detector.requires_grad_(False), refiner, smoothing=smoothing)

    def train(self, mode: bool = True) -> Self:
        """Switch the refinement stage; the first one's running means stay as they are."""
        super().train(mode)
        self.detector.eval()
        return self

    @torch.no_grad()
    def pick_candidates(self, batch: Batch) -> dict[str, Tensor]:
        """Return rows of nodules and of what the first stage and blobs offer beside them."""
        return self.candidate_rows(self.candidate_sources(self.detector(batch.image), batch), batch)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted losses of the refinement stage by name."""
        return self._refine(self.pick_candidates(batch), batch)


def _false_positives(candidates: Candidates, batch: Batch, *, most: int) -> Tensor:
    """``[n, k]`` which candidates are at no nodule and at no ignore region, a few a patch."""
    apart = torch.cdist(candidates.centers, batch.centers)
    apart = apart.masked_fill(~(batch.valid | batch.ignore_regions)[:, None], 1e4)
    reach = (batch.diameters_mm / 2).clamp(min=4.0)[:, None] + 3.0
    false = ~(apart < reach).any(-1) & (candidates.logits > _NO_CANDIDATE)
    return false & (false.cumsum(1) <= most)


class FirstStageOnly(TwoStage):
    """Teaches the first stage; weights and running means of the second one do not move."""

    def __init__(self, detector: Detector, refiner: Refiner) -> None:
        super().__init__(detector, refiner.requires_grad_(False))

    def train(self, mode: bool = True) -> Self:
        """Switch the first stage."""
        super().train(mode)
        self.refiner.eval()
        return self

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted losses of the first stage by name.

        What lies in an ignore region is left out of them: it is taught neither as nodule nor as
        background.
        """
        return self.first_stage_losses(self.detector(batch.image), batch)
