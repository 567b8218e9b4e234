"""One CT to findings: prepare, detect, refine, measure."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from medical.ct.diffuse_disease import diffuse_disease_notes
from medical.ct.prepare import Prepared, prepare
from medical.ct.quality import sorted_notes
from medical.ct.slabs import begin
from medical.ct.volume import CtVolume
from medical.detection.calibration import Probabilities, can_reach, probability
from medical.detection.candidates import CandidateSet, FirstStage, model_notes
from medical.detection.finalize import (
    MIN_PROBABILITY,
    ScoredCandidate,
    finalize_findings,
    finding_outlines,
)
from medical.detection.findings import (
    Finding,
    ModelReference,
    Program,
    Runtime,
    Seconds,
    SeriesFindings,
)
from medical.detection.malignancy import reference_of, with_malignancy
from medical.detection.refinement import Logits, Refined, RefinementStage, cut
from medical.detection.searched_lungs import both_searched, searched_lungs
from medical.malignancy.reader import MalignancyReader, NoduleTokens
from medical.nodule.outline import Outline
from medical.program import program_version
from models.runtime.networks import Backend
from models.zoo.card import ModelCard

Progress = Callable[[str, float], None]
# Below it in one view, a candidate is not seen in the mirrored ones: a twentieth of what is
# written. Of 360 candidates of six CTs 241 are left out so; with all views none has over 0.0017.
_MIN_WORTH = 0.001
_Likely = tuple[CandidateSet, Refined, Probabilities]


@dataclass(frozen=True, slots=True, eq=False)
class PipelineResult:
    """What was found in one CT.

    Args:
        findings: at or above the operating point.
        candidates: every candidate with a probability of at least 0.02, strongest first.
        prepared: the CT on its 1 mm grid, as the networks saw it.
        outlines: the masks that the findings were measured on.
        tokens: what StarNet saw of the findings; ``None`` where there is none.
    """

    findings: SeriesFindings
    candidates: tuple[ScoredCandidate, ...]
    prepared: Prepared
    outlines: tuple[Outline, ...] = ()
    tokens: NoduleTokens | None = None


class DetectionPipeline:
    """Finds and measures the nodules of CTs with one model.

    Args:
        card: the model's, with calibration and operating point.
        first: the first stage.
        second: the second stage.
        backend: what runs them, for the record.
        malignancy: rates findings.
    """

    def __init__(
        self,
        card: ModelCard,
        first: FirstStage,
        second: RefinementStage,
        backend: Backend,
        malignancy: MalignancyReader,
    ) -> None:
        self.card, self._first, self._second, self._backend = card, first, second, backend
        self._malignancy = malignancy

    def read(
        self,
        ct: CtVolume,
        *,
        prepared: Prepared | None = None,
        progress: Progress | None = None,
        read_seconds: float = 0.0,
        prepare_seconds: float = 0.0,
        text: str = "",
    ) -> PipelineResult:
        """Find and measure nodules.

        Args:
            ct: the CT.
            prepared: of ``ct``, with its sides, where it was made already.
            progress: told (stage, share of the stage done).
            read_seconds: what loading ``ct`` took, for the record.
            prepare_seconds: what ``prepared`` took, likewise.
            text: what is written of the examination, for the malignancy.

        Raises:
            NoLungError: the CT shows no lung.
        """
        report = progress or (lambda stage, share: None)
        clock = [time.perf_counter()]
        report("prepare", 0.0)
        prepared = prepared or prepare(ct, with_sides=True)
        of_density = begin(diffuse_disease_notes, prepared.hu, prepared.lung)
        clock.append(time.perf_counter())
        report("detect", 0.0)
        detected = self._first(ct, prepared, lambda share: report("detect", share))
        clock.append(time.perf_counter())
        report("refine", 0.0)
        likely = self._refine(prepared, detected)
        clock.append(time.perf_counter())
        report("measure", 0.0)
        measured = self._measure(ct, prepared, likely) if likely else ([], (), ())
        findings, candidates, outlines = measured
        findings, tokens = self._rate(prepared, likely, findings, text)
        clock.append(time.perf_counter())
        spent = [round(float(seconds), 3) for seconds in np.diff(clock)]
        searched, search_notes = searched_lungs(prepared.sides)
        notes = [*search_notes, *of_density.result()]
        record = SeriesFindings(
            schema="starlung.findings/1",
            study_instance_uid=ct.source.study_instance_uid,
            series_instance_uid=ct.source.series_instance_uid,
            frame_of_reference_uid=ct.source.frame_of_reference_uid,
            program=Program(version=program_version()),
            model=ModelReference(
                name=self.card.name,
                version=self.card.version,
                sha256=self.card.sha256,
                digest=self.card.digest,
            ),
            malignancy_model=reference_of(self._malignancy),
            runtime=Runtime(**asdict(self._backend)),
            operating_point=self.card.operating_point,
            samples=self._second.samples,
            searched=searched,
            quality=list(sorted_notes([*ct.quality, *notes, *model_notes(self.card)])),
            findings=findings,
            negative=not findings and both_searched(searched),
            seconds=Seconds(
                read=round(read_seconds, 3),
                prepare=round(prepare_seconds + spent[0], 3),
                detect=spent[1],
                refine=spent[2],
                measure=spent[3],
                write=0.0,
            ),
        )
        return PipelineResult(record, candidates, prepared, outlines, tokens)

    def _measure(
        self, ct: CtVolume, prepared: Prepared, likely: _Likely
    ) -> tuple[list[Finding], tuple[ScoredCandidate, ...], tuple[Outline, ...]]:
        detected, refined, probabilities = likely
        findings, candidates = finalize_findings(
            ct, prepared, detected, refined, self.card, probabilities=probabilities
        )
        outlines = finding_outlines(
            prepared, detected, refined, probabilities[0], count=len(findings)
        )
        return findings, candidates, outlines

    def _rate(
        self, prepared: Prepared, likely: _Likely | None, findings: list[Finding], text: str
    ) -> tuple[list[Finding], NoduleTokens | None]:
        """Give each finding its malignancy, by image and by what is written."""
        if likely is None or not findings:
            return findings, None
        detected, refined, probabilities = likely
        order = np.argsort(-probabilities[0])[: len(findings)]
        near = cut(prepared.hu, detected.centers_voxel[order], detected.diameters_mm[order]).near[
            :, 0
        ]
        masks = [refined.mask(int(index)) for index in order]
        readings, tokens = self._malignancy.read_images(near, masks, refined.extents_mm[order])
        if text:
            readings = self._malignancy.read_words(tokens, [text] * len(findings))
        return with_malignancy(findings, readings), tokens

    def _probability(self, detected: CandidateSet, logits: Logits) -> Probabilities:
        return probability(
            self.card.calibration,
            detected.logits,
            logits.mean(0),
            logits.std(0),
            detected.diameters_mm,
        )

    def _refine(self, prepared: Prepared, detected: CandidateSet) -> _Likely | None:
        """Classify candidates and outline the likely ones: outlines cost as much again.

        Those that cannot become likely, whatever the second stage says of them, it does not see.
        """
        among = can_reach(
            self.card.calibration,
            detected.logits,
            detected.diameters_mm,
            refiner_bound=self._second.bound,
            least=MIN_PROBABILITY,
        )
        if not among.any():
            return None
        detected = detected.only(np.flatnonzero(among))
        crops = cut(prepared.hu, detected.centers_voxel, detected.diameters_mm)
        # A candidate's samples side by side: their mean is then the same to the last bit however
        # many candidates there are beside it.
        logits = np.asfortranarray(
            self._second.classify(
                crops,
                among=among,
                is_worth_it=lambda logits: self._probability(detected, logits)[0] >= _MIN_WORTH,
            )
        )
        probabilities = self._probability(detected, logits)
        likely = np.flatnonzero(probabilities[0] >= MIN_PROBABILITY)
        if len(likely) == 0:
            return None
        refined = self._second.outline(crops.only(likely), logits[:, likely])
        p, low, high = (part[likely] for part in probabilities)
        return detected.only(likely), refined, (p, low, high)
