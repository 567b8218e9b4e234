"""``Scorer``: one model, loaded and compiled once, that reads any number of CTs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from medical.ct.volume import CtVolume
from medical.detection.findings import AddedFinding, SeriesFindings
from medical.io.remote import staged
from medical.results.folder import ResultFolder
from medical.scoring.batches.batch import Batch
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.batches.tally import ScoreResult, SeriesEnd
from models.zoo.card import ModelCard
from models.zoo.loader import DEFAULT_MODEL, StoredModel, find_model
from models.zoo.starnet_card import SHIPPED_STARNET
from models.zoo.starnets import DEFAULT_STARNET, find_starnet

if TYPE_CHECKING:  # what takes long to import comes when it is needed, torch for maps only
    from medical.ct.prepare import Prepared
    from medical.detection.at_point import PointMeasure
    from medical.detection.candidates import FirstStage
    from medical.detection.pipeline import DetectionPipeline, PipelineResult, Progress
    from medical.detection.refinement import RefinementStage
    from medical.malignancy.reader import MalignancyReader
    from medical.scoring.batches.parallel import ParallelBatch
    from medical.scoring.batches.ray_batch import RayBatch
    from models.runtime.networks import Networks
    from models.training.two_stage import TwoStage
    from models.zoo.ready import Device
Engine = Literal["local", "ray"]


class Scorer:
    """Finds, measures and explains nodules; make it once a process, use it for every CT.

    Weights are loaded, and each stage is compiled, when it is first needed. Not to be used by two
    threads at once.

    Args:
        model: weights and card.
        samples: Monte-Carlo dropout samples, at least 2.
        device: what runs the networks; ``auto`` takes a GPU where there is one.
        starnet: folder of the StarNet that rates findings.
        operating_point: probability from which a candidate is a finding, above 0 and below 1;
            the card's, to which its figures belong, where not given.
    """

    def __init__(
        self,
        model: StoredModel,
        *,
        samples: int = 32,
        device: Device = "auto",
        starnet: Path = SHIPPED_STARNET,
        operating_point: float | None = None,
    ) -> None:
        if operating_point is not None:
            card = model.card.model_copy(update={"operating_point": operating_point})
            model = replace(model, card=card)
        self._model, self.samples, self._device = model, samples, device
        self._starnet, self._is_ready = starnet, False

    def __reduce__(self) -> tuple[object, ...]:
        """Let another process have the same, which loads its networks by itself."""
        make = partial(type(self), samples=self.samples, device=self._device, starnet=self._starnet)
        return make, (self._model,)

    @classmethod
    def named(
        cls,
        name: str = DEFAULT_MODEL,
        *,
        samples: int = 32,
        imported: Path | None = None,
        device: Device = "auto",
        starnet: str = DEFAULT_STARNET,
    ) -> Scorer:
        """Make a scorer with a model at hand.

        Args:
            name: of the model, or the folder of a retrained one.
            samples: Monte-Carlo dropout samples, at least 2.
            imported: folder of the user's own models.
            device: what runs the networks; ``auto`` takes a GPU where there is one.
            starnet: name of the StarNet that rates findings, or its folder.

        Raises:
            ModelNotFoundError: no such model or StarNet.
            ModelDamagedError: its weights are not those of its card.
            StarNetDamagedError: a file of it is missing or another one.
        """
        return cls(
            find_model(name, imported=imported),
            samples=samples,
            device=device,
            starnet=find_starnet(starnet, imported=imported),
        )

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
        workers: int = 1,
        engine: Engine = "local",
    ) -> ScoreResult:
        """Score every study of the inputs; write ``OUT/<series>/`` and ``OUT/predictions.csv``.

        Args:
            inputs: DICOM files, folders, zips, DICOMDIRs or volume files, or addresses of such
                (``s3://bucket/archive``), which are copied here first.
            out: folder for results, made where it is missing, or an address.
            options: what else is written, and how inputs are treated.
            workers: processes that score beside each other, each with networks of its own.
            engine: ``local`` processes, or the actors of a Ray cluster.

        Returns:
            The results; what could not be scored is among its errors, the others go on.

        Raises:
            OSError: a result cannot be written.
            InputError: the Ray cluster does not answer, or an address cannot be read or written.
            ModuleNotFoundError: Ray is not installed.
        """
        given = options or ScoreOptions()
        with staged(inputs, out) as stage:

            def watch(series: SeriesEnd) -> None:
                stage.copy_back()
                given.watch(series)

            return self._engine(stage.out, replace(given, watch=watch), workers, engine).score(
                stage.paths
            )

    def _engine(
        self, out: Path, options: ScoreOptions, workers: int, engine: Engine
    ) -> Batch | ParallelBatch | RayBatch:
        if engine == "ray":
            from medical.scoring.batches.ray_batch import RayBatch  # an extra

            return RayBatch(self, out, options, workers)
        if workers == 1:
            return Batch(self, out, options)
        from medical.scoring.batches.parallel import ParallelBatch

        return ParallelBatch(self, out, options, workers)

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
        """Find and measure the nodules of one CT, without writing anything.

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
        return self._pipeline.read(
            ct,
            prepared=prepared,
            progress=progress,
            read_seconds=read_seconds,
            prepare_seconds=prepare_seconds,
            text=text,
        )

    def measure_at(self, ct: CtVolume, point_lps_mm: tuple[float, float, float]) -> AddedFinding:
        """Outline and measure what lies at a point, see ``PointMeasure.measure``.

        Raises:
            ValueError: the point lies outside of the images.
        """
        return self._point_measure.measure(ct, point_lps_mm)

    def make_ready(self) -> None:
        """Load what ``read`` needs; the first CT may be read from its files meanwhile.

        A scorer that is ready already has nothing to do.
        """
        if self._is_ready:
            return
        from medical.detection.candidates import WINDOW
        from medical.detection.seen_box import SMALLEST_BOX

        _ = self._pipeline
        if not self.card.has_retinanet:
            shape = SMALLEST_BOX if self.card.reads_whole_box else WINDOW
            self._networks.compile_first((1, 1, *shape))
        self._second.warm_up()
        self.malignancy.make_ready()
        self._is_ready = True

    def warm_up(self) -> None:
        """Load and compile what ``measure_at`` needs, so that its first call need not wait."""
        _ = self._point_measure
        self._second.warm_up()

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
        from medical.scoring.forms.heatmaps import write_maps

        if self.card.has_retinanet:
            return []
        return write_maps(self._modules, prepared, scored, folder, dicom=dicom)

    @cached_property
    def _modules(self) -> TwoStage:
        from models.zoo.networks import load_networks

        return load_networks(self._model).requires_grad_(False)

    @cached_property
    def _networks(self) -> Networks:
        from models.zoo.ready import ready_networks

        return ready_networks(self._model, device=self._device)

    @cached_property
    def _second(self) -> RefinementStage:
        from medical.detection.refinement import RefinementStage

        bound = self.card.refinement_bound
        return RefinementStage(self._networks.refinement, samples=self.samples, bound=bound)

    @cached_property
    def _pipeline(self) -> DetectionPipeline:
        from medical.detection.pipeline import DetectionPipeline

        return DetectionPipeline(
            self.card, self._first, self._second, self._networks.backend, self.malignancy
        )

    @cached_property
    def malignancy(self) -> MalignancyReader:
        """What rates findings."""
        from medical.malignancy.reader import MalignancyReader

        return MalignancyReader(self._starnet)

    @cached_property
    def _first(self) -> FirstStage:
        from medical.detection.candidates import by_boxes, by_heat_map

        run = self._networks.first
        if not self.card.has_retinanet:
            whole_box, mirrored = self.card.reads_whole_box, self.card.reads_in_mirror
            return by_heat_map(run, whole_box=whole_box, mirrored=mirrored)
        from models.detector.retinanet import RetinaNetConfig

        return by_boxes(run, RetinaNetConfig.from_dict(self.card.detector))

    @cached_property
    def _point_measure(self) -> PointMeasure:
        from medical.detection.at_point import PointMeasure

        return PointMeasure(self.card, self._second)
