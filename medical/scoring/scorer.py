"""``Scorer``: one model, loaded and compiled once, that reads any number of CTs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from medical.ct.volume import CtVolume
from medical.detection.findings import AddedFinding, SeriesFindings
from medical.results.folder import ResultFolder
from medical.scoring.batch import Batch, ScoreOptions, ScoreResult
from models.zoo.card import ModelCard
from models.zoo.loader import DEFAULT_MODEL, StoredModel, find_model

if TYPE_CHECKING:  # torch, MONAI and OpenVINO take seconds to import: not before a CT was read
    from monai.apps.detection.networks.retinanet_network import RetinaNet

    from medical.ct.prepare import Prepared
    from medical.detection.at_point import PointMeasure
    from medical.detection.candidates import FirstStage
    from medical.detection.pipeline import DetectionPipeline, PipelineResult, Progress
    from medical.detection.refinement import RefinementStage
    from models.detector.refiner import Refiner
    from models.detector.retinanet import RetinaNetConfig
    from models.training.two_stage import TwoStage


class Scorer:
    """Finds, measures and explains nodules; make it once a process, use it for every CT.

    Weights are loaded, and each stage is compiled, when it is first needed. Not to be used by two
    threads at once.

    Args:
        model: weights and card.
        samples: Monte-Carlo dropout samples, at least 2.
    """

    def __init__(self, model: StoredModel, *, samples: int = 32) -> None:
        self._model, self.samples = model, samples

    @classmethod
    def named(
        cls, name: str = DEFAULT_MODEL, *, samples: int = 32, imported: Path | None = None
    ) -> Scorer:
        """Make a scorer with a model at hand.

        Args:
            name: of the model, or the folder of a retrained one.
            samples: Monte-Carlo dropout samples, at least 2.
            imported: folder of the user's own models.

        Raises:
            ModelNotFoundError: no such model.
            ModelDamagedError: its weights are not those of its card.
        """
        return cls(find_model(name, imported=imported), samples=samples)

    @property
    def card(self) -> ModelCard:
        """The model's card: calibration, operating point, what it was measured on."""
        return self._model.card

    def score(
        self,
        inputs: Sequence[str | PathLike[str]],
        out: str | PathLike[str],
        *,
        options: ScoreOptions | None = None,
    ) -> ScoreResult:
        """Score every study of the inputs; write ``OUT/<series>/`` and ``OUT/predictions.csv``.

        Args:
            inputs: DICOM files, folders, zips, DICOMDIRs or volume files.
            out: folder for results; made where it is missing.
            options: what else is written, and how inputs are treated.

        Returns:
            The results; what could not be scored is among its errors, the others go on.

        Raises:
            OSError: a result cannot be written.
        """
        batch = Batch(self, Path(out), options or ScoreOptions())
        return batch.score([Path(path) for path in inputs])

    def read(
        self,
        ct: CtVolume,
        *,
        prepared: Prepared | None = None,
        progress: Progress | None = None,
        read_seconds: float = 0.0,
    ) -> PipelineResult:
        """Find and measure the nodules of one CT, without writing anything.

        Args:
            ct: the CT.
            prepared: of ``ct``, with its sides, where it was made already.
            progress: told (stage, share of the stage done).
            read_seconds: what loading ``ct`` took, for the record.

        Raises:
            NoLungError: the CT shows no lung.
        """
        return self._pipeline.read(
            ct, prepared=prepared, progress=progress, read_seconds=read_seconds
        )

    def measure_at(self, ct: CtVolume, point_lps_mm: tuple[float, float, float]) -> AddedFinding:
        """Outline and measure what lies at a point, see ``PointMeasure.measure``.

        Raises:
            ValueError: the point lies outside of the images.
        """
        return self._point_measure.measure(ct, point_lps_mm)

    def warm_up(self) -> None:
        """Load and compile what ``measure_at`` needs, so that its first call need not wait."""
        _ = self._point_measure

    def explain(
        self,
        prepared: Prepared,
        scored: SeriesFindings,
        folder: ResultFolder,
        *,
        dicom: Sequence[Path] = (),
    ) -> list[Path]:
        """Write the attention map of each finding into a result folder.

        Args:
            prepared: the CT on its 1 mm grid.
            scored: what this model found in it.
            folder: of the series' results.
            dicom: the CT's files where it came as DICOM; without them there is no parametric map.

        Returns:
            The files written; none for an imported first stage, which has no attention.
        """
        from medical.scoring.heatmaps import write_maps

        if self._is_imported:
            return []

        return write_maps(self._networks, prepared, scored, folder, dicom=dicom)

    @cached_property
    def _networks(self) -> TwoStage:
        from models.zoo.networks import load_networks

        return load_networks(self._model).requires_grad_(False)

    @property
    def _is_imported(self) -> bool:
        """Whether the first stage is of a bundle made elsewhere."""
        from models.zoo.networks import has_retinanet

        return has_retinanet(self.card)

    @cached_property
    def _imported(self) -> tuple[RetinaNet, Refiner, RetinaNetConfig]:
        from models.zoo.networks import load_retinanet

        return load_retinanet(self._model)

    @cached_property
    def _second(self) -> RefinementStage:
        from medical.detection.refinement import RefinementStage
        from models.detector.runtime import compiled_convolutions

        refiner = self._imported[1] if self._is_imported else self._networks.refiner
        return RefinementStage(refiner, compiled_convolutions(refiner), samples=self.samples)

    @cached_property
    def _pipeline(self) -> DetectionPipeline:
        from medical.detection.pipeline import DetectionPipeline

        return DetectionPipeline(self.card, self._first, self._second)

    @cached_property
    def _first(self) -> FirstStage:
        from medical.detection.candidates import compile_boxes, compile_heat_map

        if self._is_imported:
            network, _, config = self._imported
            return compile_boxes(network, config)
        return compile_heat_map(self._networks.detector)

    @cached_property
    def _point_measure(self) -> PointMeasure:
        from medical.detection.at_point import PointMeasure

        return PointMeasure(self.card, self._second)
