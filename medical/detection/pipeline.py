"""One CT to findings: prepare, detect, look again, measure."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from medical.ct.prepare import Prepared, prepare
from medical.ct.quality import sorted_notes
from medical.ct.volume import CtVolume
from medical.detection.calibration import probability
from medical.detection.candidate_crops import cut
from medical.detection.candidates import WINDOW, CandidateSet, find_candidates
from medical.detection.conclude import LEAST_PROBABILITY, Mark, conclude
from medical.detection.findings import ModelReference, Quality, Seconds, SeriesFindings
from medical.detection.searched import both_searched, searched_lungs
from medical.detection.uncertainty import SecondLook, SecondStage
from medical.geometry import VolumeGeometry
from models.detector.runtime import compiled_convolutions, compiled_detector
from models.zoo.loader import StoredModel
from models.zoo.networks import load_networks

Progress = Callable[[str, float], None]


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


class NoduleReader:
    """Reads CTs with one model; make it once, use it for many.

    Args:
        model: weights and card.
        passes: Monte-Carlo dropout samples, at least 2.
    """

    def __init__(self, model: StoredModel, *, passes: int = 32) -> None:
        self.card, self.passes = model.card, passes
        networks = load_networks(model)
        self._detect = compiled_detector(networks.detector, window=WINDOW)
        self._second = SecondStage(
            networks.refiner, compiled_convolutions(networks.refiner), passes=passes
        )

    def read(
        self,
        ct: CtVolume,
        *,
        prepared: Prepared | None = None,
        progress: Progress | None = None,
        read_seconds: float = 0.0,
    ) -> Reading:
        """Find and measure nodules.

        Args:
            ct: the CT.
            prepared: of ``ct``, with its sides, where another reader made it already.
            progress: told (stage, share of the stage done).
            read_seconds: what loading ``ct`` took, for the record.

        Raises:
            NoLungError: the CT shows no lung.
        """
        tell = progress or (lambda stage, share: None)
        clock = [time.perf_counter()]
        tell("prepare", 0.0)
        prepared = prepared or prepare(ct, with_sides=True)
        clock.append(time.perf_counter())
        tell("detect", 0.0)
        found = find_candidates(
            prepared.hu, prepared.lung, self._detect, progress=lambda share: tell("detect", share)
        )
        clock.append(time.perf_counter())
        tell("refine", 0.0)
        looked = self._look_again(prepared, found)
        clock.append(time.perf_counter())
        tell("measure", 0.0)
        findings, marks = conclude(ct, prepared, *looked, self.card) if looked else ([], ())
        clock.append(time.perf_counter())
        spent = np.diff(clock)
        searched, search_notes = searched_lungs(prepared.sides)
        notes = sorted_notes([*ct.quality, *search_notes])
        record = SeriesFindings(
            schema="starlung.findings/1",
            study_instance_uid=ct.source.study_instance_uid,
            series_instance_uid=ct.source.series_instance_uid,
            frame_of_reference_uid=ct.source.frame_of_reference_uid,
            model=ModelReference(
                name=self.card.name,
                version=self.card.version,
                sha256=self.card.sha256,
                digest=self.card.digest,
            ),
            operating_point=self.card.operating_point,
            passes=self.passes,
            searched=searched,
            quality=[Quality(code=q.code, severity=q.severity, message=q.message) for q in notes],
            findings=findings,
            negative=not findings and both_searched(searched),
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

    def _look_again(
        self, prepared: Prepared, found: CandidateSet
    ) -> tuple[CandidateSet, SecondLook] | None:
        """Judge all candidates and outline those that are worth it: outlines cost as much again."""
        if len(found.logits) == 0:
            return None
        crops = cut(prepared.hu, found.centers_voxel, found.diameters_mm)
        logits = self._second.judge(crops)
        p, _, _ = probability(
            self.card.calibration, found.logits, logits.mean(0), logits.std(0), found.diameters_mm
        )
        kept = np.flatnonzero(p >= LEAST_PROBABILITY)
        if len(kept) == 0:
            return None
        return found.only(kept), self._second.outline(crops.only(kept), logits[:, kept])
