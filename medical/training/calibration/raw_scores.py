"""Collect raw scores on cases that weights have not seen, to calibrate and to measure them.

False positives come from whole scans as they are; true ones from held-out nodules inserted into the
same lungs, and from the scans' real lesions. Figures made of them are figures on inserted nodules.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from medical.detection.calibration import MIN_DIAMETER_MM
from medical.detection.candidates import candidate_finder
from medical.detection.refinement import Refined, RefinementStage
from medical.nodule.measure import measure_mask
from medical.plain_text import counted
from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.config import AugmentationConfig
from medical.synthesis.insertion.engine import NoduleEngine, TrainingBatch
from medical.synthesis.nodules.pool import NodulePool
from medical.training.calibration.fit import NODULES_PER_SCAN, CandidateScores, SizeErrors
from models.detector.contract import HIGH_HU, LOW_HU
from models.runtime.mirrors import in_mirrors
from models.runtime.networks import FirstStageNetwork, Networks
from models.runtime.of_modules import networks_of
from models.runtime.peaks import find_peaks
from models.training.two_stage import TwoStage

_log = logging.getLogger(__name__)

_PATCH = 96
_AS_SCANNED = AugmentationConfig(
    lesion_share=0.0,
    distractor_share=0.0,
    lung_distractor_share=0.0,
    rotation_share=0.0,
    deformation_share=0.0,
    vessel_overlay_share=0.0,
    variation=0.0,
)
_EDGE_MM = 10.0  # nodules nearer to a patch's edge are half unseen


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationData:
    """What was collected; ``n`` candidates, ``m`` inserted nodules.

    Args:
        scores: all candidates.
        sizes: found inserted nodules.
        scan: ``[n]`` index of the case of each candidate.
        size_scan: the same for each entry of ``sizes``.
        inserted_found: ``[m]`` whether a candidate hit.
        inserted_mm: ``[m]`` true diameters.
        inserted_row: ``[m]`` row of the hit in ``scores``, -1 where missed.
        center_voxel: ``[n, 3]`` (z, y, x) of each candidate of a scan as it is, on its 1 mm grid;
            ``nan`` for what hit an inserted nodule. Empty where it was not kept.
    """

    scores: CandidateScores
    sizes: SizeErrors
    scan: Int[np.ndarray, " n"]
    size_scan: Int[np.ndarray, " k"]
    inserted_found: Bool[np.ndarray, " m"]
    inserted_mm: Float[np.ndarray, " m"]
    inserted_row: Int[np.ndarray, " m"]
    center_voxel: Float[np.ndarray, "n 3"] = field(default_factory=lambda: np.zeros((0, 3)))


class _Rows:
    def __init__(self) -> None:
        self.rows: list[tuple[float, float, float, bool, float, int, float]] = []
        self.centers: list[tuple[float, ...]] = []
        self.sizes: list[tuple[float, float, float, int]] = []
        self.inserted: list[tuple[float, int, int]] = []

    def add(
        self,
        logit: float,
        refined: Refined,
        index: int,
        *,
        nodule: bool,
        weight: float,
        scan: int,
        diameter_mm: float,
        center: Float[np.ndarray, 3] | None = None,
    ) -> int:
        self.centers.append((np.nan,) * 3 if center is None else tuple(center.tolist()))
        samples = refined.logits[:, index]
        measured = (logit, float(samples.mean()), float(samples.std()))
        self.rows.append((*measured, nodule, weight, scan, diameter_mm))
        return len(self.rows) - 1


def collect_raw_scores(
    networks: TwoStage,
    cases: list[TrainingCase],
    pool: NodulePool,
    *,
    patches: int,
    bound: float,
    samples: int = 32,
    seed: int = 11,
    ready: Networks | None = None,
) -> CalibrationData:
    """Run both stages over whole held-out scans and over patches with inserted nodules.

    Args:
        networks: float32, evaluation mode.
        cases: held-out scans.
        pool: held-out nodules.
        patches: patches a case with inserted nodules.
        bound: the second stage's, see ``ModelCard.refinement_bound``.
        samples: Monte-Carlo samples.
        seed: of insertion.
        ready: what runs, where it is not made of the networks' weights.
    """
    ready = ready or networks_of(networks.detector, networks.refiner)
    second = RefinementStage(ready.refinement, samples=samples, bound=bound)
    mirrored = networks.detector.mirrored
    find = candidate_finder(
        ready.first, whole_box=networks.detector.local_attention, mirrored=mirrored
    )

    def detect(image: np.ndarray) -> np.ndarray:
        return ready.first(image)[0]

    part = in_mirrors(detect) if mirrored else detect
    rows = _Rows()
    for scan, case in enumerate(cases):
        hu = case.hu
        candidates = find(hu, case.lung)
        if len(candidates.logits):
            refined = second.refine(hu, candidates.centers_voxel, candidates.diameters_mm)
        for i, center in enumerate(candidates.centers_voxel):
            apart = np.linalg.norm(case.nodules[:, :3] - center, axis=1)
            hit = bool((apart < case.nodules[:, 3] / 2).any())
            logit = float(candidates.logits[i])
            rows.add(
                logit,
                refined,
                i,
                nodule=hit,
                weight=1.0,
                scan=scan,
                diameter_mm=float(candidates.diameters_mm[i]),
                center=center,
            )
        _log.info(f"{case.name}: {counted(len(candidates.logits), 'candidate')}")
        torch.manual_seed(seed + scan)
        engine = NoduleEngine(
            [case],
            pool,
            device=torch.device("cpu"),
            patch=_PATCH,
            augmentation=_AS_SCANNED,
            seed=seed,
        )
        for _ in range(0, patches, 4):
            batch = engine.batch(4)
            for k in range(4):
                _one_patch(rows, batch, k, part, second, scan)
        _log.info(f"{case.name}: {counted(len(rows.inserted), 'nodule')} inserted so far")
    return _gather(rows, scans=len(cases))


def _one_patch(
    rows: _Rows,
    batch: TrainingBatch,
    k: int,
    detect: FirstStageNetwork,
    second: RefinementStage,
    scan: int,
) -> None:
    use = batch.valid[k] & batch.has_mask[k]
    inner = ((batch.centers[k] > _EDGE_MM) & (batch.centers[k] < _PATCH - _EDGE_MM)).all(-1)
    slots = torch.nonzero(use & inner)[:, 0].tolist()
    if not slots:
        return
    peaks = find_peaks(detect(batch.image[k : k + 1].numpy())[0], most=20)
    centers, diameters = peaks.centers, peaks.diameters_mm
    apart = np.linalg.norm(centers[:, None] - batch.centers[k, slots].numpy()[None], axis=-1)
    true_mm = batch.diameters_mm[k, slots].numpy()
    # only what hits is looked at again: that is the slow part
    hit = np.flatnonzero((apart < true_mm / 2).any(1))
    rows.inserted.extend((float(mm), -1, scan) for mm in true_mm[~(apart < true_mm / 2).any(0)])
    if len(hit) == 0:
        return
    centers, diameters, apart = centers[hit], diameters[hit], apart[hit]
    logits = peaks.logits[hit]
    hu = ((batch.image[k, 0] + 1) * ((HIGH_HU - LOW_HU) / 2) + LOW_HU).numpy()
    refined = second.refine(hu, centers, diameters)
    for number, slot in enumerate(slots):
        hits = np.flatnonzero(apart[:, number] < true_mm[number] / 2)
        if len(hits) == 0:
            continue
        best = int(hits[(logits + refined.logits.mean(0))[hits].argmax()])
        row = rows.add(
            float(logits[best]),
            refined,
            best,
            nodule=True,
            weight=np.nan if true_mm[number] >= MIN_DIAMETER_MM else 0.0,
            scan=scan,
            diameter_mm=float(diameters[best]),
        )
        rows.inserted.append((float(true_mm[number]), row, scan))
        truth = measure_mask((batch.label[k, 0] == slot + 1).numpy(), voxel_mm=1.0)
        measured = refined.size(best)
        if truth is not None:
            rows.sizes.append(
                (
                    float(np.log(measured.diameter_mm / truth.diameter_mm)),
                    float(np.log(measured.volume_mm3 / truth.volume_mm3)),
                    float(refined.log_diameters[:, best].std()),
                    scan,
                )
            )


def _gather(rows: _Rows, *, scans: int) -> CalibrationData:
    table = np.array([r[:3] for r in rows.rows]).reshape(-1, 3)
    nodule = np.array([r[3] for r in rows.rows], bool)
    weight = np.array([r[4] for r in rows.rows])
    # inserted nodules stand for the 1.3 a scan that a screening population has
    large = sum(mm >= MIN_DIAMETER_MM for mm, _, _ in rows.inserted)
    weight[np.isnan(weight)] = NODULES_PER_SCAN * scans / max(1, large)
    sizes = np.array([s[:3] for s in rows.sizes]).reshape(-1, 3)
    return CalibrationData(
        CandidateScores(
            table[:, 0],
            table[:, 1],
            table[:, 2],
            nodule,
            weight,
            np.array([r[6] for r in rows.rows], float),
        ),
        SizeErrors(sizes[:, 0], sizes[:, 1], sizes[:, 2]),
        np.array([r[5] for r in rows.rows], int),
        np.array([s[3] for s in rows.sizes], int),
        np.array([i[1] >= 0 for i in rows.inserted], bool),
        np.array([i[0] for i in rows.inserted], float),
        np.array([i[1] for i in rows.inserted], int),
        np.array(rows.centers).reshape(-1, 3),
    )
