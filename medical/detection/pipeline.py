"""One CT to findings: prepare, detect, look again, measure."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32

from medical.ct.lungs import lung_mask
from medical.ct.resample import resample
from medical.ct.volume import CtVolume
from medical.detection.calibration import probability, size_interval
from medical.detection.candidates import WINDOW, CandidateSet, find_candidates
from medical.detection.findings import (
    Density,
    Finding,
    ModelReference,
    Quality,
    Seconds,
    SeriesFindings,
)
from medical.detection.uncertainty import SecondLook, look_again
from medical.geometry import VolumeGeometry
from medical.nodule.location import side_and_zone
from medical.nodule.measure import MaskSize, central_component, measure_mask
from models.detector.crops import crop_around
from models.detector.refiner import CROP, DENSITIES
from models.detector.runtime import compiled_detector, compiled_embed
from models.zoo.loader import StoredModel
from models.zoo.networks import load_networks

SPACING_MM = 1.0
MARGIN_MM = 12
LEAST_PROBABILITY = 0.02
_CALCIFIED_HU = 200.0

Progress = Callable[[str, float], None]


class NoLungError(ValueError):
    """The CT holds nothing that looks like lung."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A candidate with its calibrated probability, for FROC."""

    center_lps_mm: tuple[float, float, float]
    probability: float
    probability_ci95: tuple[float, float]
    diameter_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What was found in one CT.

    Args:
        findings: at or above the operating point.
        marks: every candidate with a probability of at least 0.02, strongest first.
        attention: ``[z/4, y/4, x/4]`` the network's attention.
        attention_geometry: where it lies.
    """

    findings: SeriesFindings
    marks: tuple[Mark, ...]
    attention: Float32[np.ndarray, "z4 y4 x4"]
    attention_geometry: VolumeGeometry


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A CT on its 1 mm grid, cropped to the lungs."""

    hu: Float32[np.ndarray, "z y x"]
    lung: Bool[np.ndarray, "z y x"]
    geometry: VolumeGeometry


def prepare(ct: CtVolume) -> Prepared:
    """Resample to 1 mm, find the lungs, crop to them.

    Raises:
        NoLungError: there are none.
    """
    grid = ct.geometry.isotropic(SPACING_MM)
    hu = resample(ct.hu, ct.geometry, grid)
    lung = lung_mask(hu)
    if not lung.any():
        raise NoLungError("no air-filled lung was found")
    where = [np.flatnonzero(lung.any(other)) for other in ((1, 2), (0, 2), (0, 1))]
    low = [max(0, int(w[0]) - MARGIN_MM) for w in where]
    high = [min(n, int(w[-1]) + 1 + MARGIN_MM) for w, n in zip(where, hu.shape, strict=True)]
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    start, stop = (low[0], low[1], low[2]), (high[0], high[1], high[2])
    return Prepared(np.ascontiguousarray(hu[box]), lung[box], grid.cropped(start, stop))


class NoduleReader:
    """Reads CTs with one model; make it once, use it for many.

    Args:
        model: weights and card.
        passes: Monte-Carlo dropout samples, at least 2.
    """

    def __init__(self, model: StoredModel, *, passes: int = 32) -> None:
        if passes < 2:
            raise ValueError(f"passes must be at least 2, got {passes}")
        self.card, self.passes = model.card, passes
        networks = load_networks(model)
        self._refiner = networks.refiner
        self._detect = compiled_detector(networks.detector, window=WINDOW)
        self._embed = compiled_embed(networks.refiner)

    def read(
        self, ct: CtVolume, *, progress: Progress | None = None, read_seconds: float = 0.0
    ) -> Reading:
        """Find and measure nodules.

        Args:
            ct: the CT.
            progress: told (stage, share of the stage done).
            read_seconds: what loading ``ct`` took, for the record.

        Raises:
            NoLungError: the CT shows no lung.
        """
        tell = progress or (lambda stage, share: None)
        clock = [time.perf_counter()]
        tell("prepare", 0.0)
        prepared = prepare(ct)
        clock.append(time.perf_counter())
        tell("detect", 0.0)
        found = find_candidates(
            prepared.hu, prepared.lung, self._detect, progress=lambda share: tell("detect", share)
        )
        clock.append(time.perf_counter())
        tell("refine", 0.0)
        look = self._look_again(prepared, found)
        clock.append(time.perf_counter())
        tell("measure", 0.0)
        findings, marks = self._conclude(ct, prepared, found, look)
        clock.append(time.perf_counter())
        spent = np.diff(clock)
        record = SeriesFindings(
            schema="starlung.findings/1",
            study_instance_uid=ct.source.study_instance_uid,
            series_instance_uid=ct.source.series_instance_uid,
            frame_of_reference_uid=ct.source.frame_of_reference_uid,
            model=ModelReference(
                name=self.card.name, version=self.card.version, sha256=self.card.sha256
            ),
            operating_point=self.card.operating_point,
            passes=self.passes,
            quality=[
                Quality(code=q.code, severity=q.severity, message=q.message) for q in ct.quality
            ],
            findings=findings,
            negative=not findings,
            seconds=Seconds(
                read=round(read_seconds, 3),
                prepare=round(float(spent[0]), 3),
                detect=round(float(spent[1]), 3),
                refine=round(float(spent[2]), 3),
                measure=round(float(spent[3]), 3),
                write=0.0,
            ),
        )
        coarse = VolumeGeometry.axial(
            shape=found.attention.shape,
            spacing_mm=(4.0, 4.0, 4.0),
            origin_lps_mm=prepared.geometry.voxel_to_lps((1.5, 1.5, 1.5)).tolist(),
        )
        return Reading(record, marks, found.attention, coarse)

    def _look_again(self, prepared: Prepared, found: CandidateSet) -> SecondLook | None:
        if len(found.logits) == 0:
            return None
        return look_again(
            prepared.hu,
            found.centers_voxel,
            found.diameters_mm,
            refiner=self._refiner,
            embed=self._embed,
            passes=self.passes,
        )

    def _conclude(
        self, ct: CtVolume, prepared: Prepared, found: CandidateSet, look: SecondLook | None
    ) -> tuple[list[Finding], tuple[Mark, ...]]:
        if look is None:
            return [], ()
        p, low, high = probability(
            self.card.calibration, found.logits, look.logits.mean(0), look.logits.std(0)
        )
        order = [int(i) for i in np.argsort(-p) if p[i] >= LEAST_PROBABILITY]
        lps = prepared.geometry.voxel_to_lps(found.centers_voxel)
        sizes = {i: measure_candidate(look, i) for i in order}
        marks = tuple(
            Mark(
                _triple(lps[i]),
                float(p[i]),
                (float(low[i]), float(high[i])),
                sizes[i].diameter_mm,
            )
            for i in order
        )
        above = [i for i in order if p[i] >= self.card.operating_point]
        findings = [
            self._finding(
                rank, ct, prepared, found.centers_voxel[i], lps[i], look, i, sizes[i], mark
            )
            for rank, (i, mark) in enumerate(zip(above, marks, strict=False), start=1)
        ]
        return findings, marks

    def _finding(
        self,
        rank: int,
        ct: CtVolume,
        prepared: Prepared,
        center: Float[np.ndarray, 3],
        lps: Float[np.ndarray, 3],
        look: SecondLook,
        index: int,
        size: MaskSize,
        mark: Mark,
    ) -> Finding:
        c = self.card.calibration
        spread = float(look.log_diameters[:, index].std())
        diameter, d_low, d_high = size_interval(
            size.diameter_mm,
            spread,
            bias=c.log_diameter_bias,
            quantile=c.log_diameter_quantile,
            floor=c.log_diameter_floor,
        )
        volume, v_low, v_high = size_interval(
            size.volume_mm3,
            spread,
            bias=c.log_volume_bias,
            quantile=c.log_volume_quantile,
            floor=c.log_volume_floor,
        )
        scale = diameter / size.diameter_mm
        mean_hu = _mean_hu(prepared.hu, center, look, index)
        z = int(np.clip(round(float(ct.geometry.lps_to_voxel(lps)[0])), 0, ct.hu.shape[0] - 1))
        numbers, uids = ct.source.slice_numbers, ct.source.sop_instance_uids
        return Finding(
            id=rank,
            probability=round(mark.probability, 4),
            probability_ci95=_pair(*mark.probability_ci95, digits=4),
            center_lps_mm=_triple(lps),
            slice_number=numbers[z] if numbers else z + 1,
            sop_instance_uid=uids[z] if uids else None,
            long_axis_mm=round(size.long_axis_mm * scale, 1),
            short_axis_mm=round(size.short_axis_mm * scale, 1),
            diameter_mm=round(diameter, 1),
            diameter_ci95=_pair(d_low, d_high, digits=1),
            volume_mm3=round(volume, 1),
            volume_ci95=_pair(v_low, v_high, digits=1),
            density=_density(look.density[index], mean_hu),
            mean_hu=round(mean_hu, 1),
            location=side_and_zone(center, prepared.lung),
        )


def measure_candidate(look: SecondLook, index: int) -> MaskSize:
    """Measure a candidate's mask; a ball of the refiner's diameter where the mask is empty."""
    voxel_mm = float(look.extents_mm[index]) / CROP
    size = measure_mask(central_component(look.masks[index] > 0.5), voxel_mm=voxel_mm)
    if size is not None:
        return size
    diameter_mm = float(np.exp(look.log_diameters[:, index].mean()))
    return MaskSize(diameter_mm, diameter_mm, np.pi / 6 * diameter_mm**3)


def _mean_hu(
    hu: Float32[np.ndarray, "z y x"], center: Float[np.ndarray, 3], look: SecondLook, index: int
) -> float:
    where = torch.from_numpy(np.asarray(center, np.float32))[None]
    extent = torch.from_numpy(look.extents_mm[index : index + 1])
    crop = crop_around(torch.from_numpy(hu)[None, None], where, extent, size=CROP)[0, 0].numpy()
    mask = central_component(look.masks[index] > 0.5)
    middle = slice(CROP // 2 - 1, CROP // 2 + 1)
    return float(crop[mask].mean() if mask.any() else crop[middle, middle, middle].mean())


def _density(shares: Float32[np.ndarray, 4], mean_hu: float) -> Density:
    if mean_hu >= _CALCIFIED_HU:
        return "calcified"
    name: Density = DENSITIES[int(shares[:3].argmax())]  # type: ignore[assignment]
    return name


def _triple(point: Float[np.ndarray, 3]) -> tuple[float, float, float]:
    x, y, z = (round(float(v), 2) for v in point)
    return x, y, z


def _pair(low: float, high: float, *, digits: int) -> tuple[float, float]:
    return round(float(low), digits), round(float(high), digits)
