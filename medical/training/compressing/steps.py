"""The steps from teacher to Lite, each as a model that ``starlung score`` takes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from torch import nn

from medical.synthesis.case import TrainingCase
from medical.training.compress import EIGHT_BIT, PRUNED, load_student, load_taught_rounded
from medical.training.compress_refinement import REFINEMENT, load_small_refiner
from medical.training.compressing.calibration_inputs import lung_windows, refinement_crops
from medical.training.compressing.plan import CompressionPlan
from medical.training.recipes import Recipe
from models.compression.int8 import quantize_to_int8
from models.compression.learned_bounds import quantize_between_learned_bounds
from models.compression.onnx_afterwards import export_detector_qdq, export_refiner_qdq
from models.compression.onnx_twin import export_qdq
from models.compression.pruning import ConvolutionCosts, count_channels, count_parameters
from models.detector.detector import Detector
from models.runtime.conversion import convert_detector, convert_refiner
from models.runtime.openvino_cpu import NetworkFile
from models.training.two_stage import TwoStage
from models.zoo.card import NETWORK_NAMES, ModelCard, NetworkFiles, NetworkName
from models.zoo.loader import CARD, WEIGHTS, StoredModel, sha256_of
from models.zoo.networks import load_networks, save_networks, weigh_refinement
from models.zoo.single_file import digest_of, pack

LAST = "int8"
"""What may be promoted."""
PACKED = "model.starlung"

_Files = dict[NetworkName, NetworkFiles]


def steps_of(plan: CompressionPlan) -> tuple[str, ...]:
    """Names of the steps in their order."""
    rounded = ("eight-bit-taught",) if plan.eight_bit_share else ()
    small = ("refinement",) if plan.refinement_share else ()
    return ("teacher", "pruned", *rounded, *small, "int8-first-stage", LAST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a step's networks are, before they run.

    Args:
        file_bytes: of the weights, or of the one file that holds an INT8 model.
        parameters: of both stages.
        channels: of the first stage.
        multiplications: of the first stage in a window of 64 voxels a side.
    """

    file_bytes: int
    parameters: int
    channels: int
    multiplications: int


@dataclass(frozen=True, slots=True, eq=False)
class StepModel:
    """One step.

    Args:
        name: one of ``steps_of``.
        model: to score with.
        first: its first stage, to be timed.
        size: of its networks.
    """

    name: str
    model: StoredModel
    first: NetworkFile
    size: Size


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepMaker:
    """Makes the steps' models of what the teaching left.

    Args:
        teacher: that was compressed.
        recipe: that it was compressed by.
        plan: that it was compressed by.
        taught: folder of ``teaching.teach_students``.
        cases: to find bounds by that were not learned.
        trained_on: names of the scans that were learnt from.
        out: the steps' folders are made below it.
    """

    teacher: StoredModel
    recipe: Recipe
    plan: CompressionPlan
    taught: Path
    cases: Sequence[TrainingCase]
    trained_on: Sequence[str]
    out: Path

    def make(self, name: str) -> StepModel:
        """Make one step, or take it as it lies there."""
        networks = self._networks(name)
        folder = self.out / name
        if name == "teacher":
            return self._step(name, self.teacher, networks)
        if not (folder / CARD).is_file():
            self._write(name, networks, folder)
        return self._step(name, StoredModel(folder, ModelCard.read(folder / CARD)), networks)

    def keep_back(self, name: str, why: str) -> None:
        """Let a step's card say why the gate kept it back, wherever the step is copied.

        Args:
            name: of the step, made already; the teacher stays as it is.
            why: empty where it was promoted.
        """
        folder = self.out / name
        card = ModelCard.read(folder / CARD).model_copy(update={"kept_back": why})
        card.write(folder / CARD)
        if (folder / PACKED).is_file():
            pack(StoredModel(folder, card), folder / PACKED)

    def _networks(self, name: str) -> TwoStage:
        both = load_networks(self.teacher)
        if name == "teacher":
            return both
        rounded = self.plan.eight_bit_share and name != "pruned"
        weights = self.taught / (EIGHT_BIT if rounded else PRUNED)
        second = both.refiner
        if self._has_small_refiner(name):
            second = load_small_refiner(self.plan.refiner, self.taught / REFINEMENT)
            weigh_refinement(second, self.teacher.card.refinement_weight)
        return TwoStage(load_student(self.recipe, weights), second).eval()

    def _write(self, name: str, networks: TwoStage, folder: Path) -> None:
        beside = folder.with_name(f".{name}.partial")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        save_networks(networks, beside / WEIGHTS)
        named: _Files = {}
        twins: _Files = {}
        if name.startswith("int8"):
            named = _save(self._int8(networks, both=name == LAST), beside)
        if name == LAST:
            twins = _save(self._onnx(networks), beside)
        card = self._card(name, sha256_of(beside / WEIGHTS), named, twins)
        card.write(beside / CARD)
        if named:
            pack(StoredModel(beside, card), beside / PACKED)
        beside.replace(folder)

    def _int8(self, networks: TwoStage, *, both: bool) -> Mapping[NetworkName, NetworkFile]:
        first = self._first_in_int8(convert_detector(cast(nn.Module, networks.detector)))
        second: Sequence[NetworkFile] = convert_refiner(networks.refiner)
        if both:
            crops = list(refinement_crops(self.cases))
            second = [quantize_to_int8(file, crops, exact_ends=True) for file in second]
        return dict(zip(NETWORK_NAMES, (first, *second), strict=True))

    def _first_in_int8(self, plain: NetworkFile) -> NetworkFile:
        """Round between the bounds that were learned, or that NNCF finds on windows of lung."""
        if not self.plan.eight_bit_share:
            return quantize_to_int8(plain, lung_windows(self.cases))
        taught = load_taught_rounded(self.recipe, self.taught / EIGHT_BIT)
        return quantize_between_learned_bounds(plain, taught)

    def _onnx(self, networks: TwoStage) -> Mapping[NetworkName, NetworkFile]:
        """Both stages in eight bits for other runtimes."""
        plain = cast(nn.Module, networks.detector)
        if self.plan.eight_bit_share:
            taught = load_taught_rounded(self.recipe, self.taught / EIGHT_BIT)
            first = export_qdq(taught, plain)
        else:
            first = export_detector_qdq(plain, list(lung_windows(self.cases)))
        second = export_refiner_qdq(networks.refiner, list(refinement_crops(self.cases)))
        return dict(zip(NETWORK_NAMES, (first, *second), strict=True))

    def _copy_sizes(self) -> dict[str, object]:
        """Sizes of the teacher's first stage; removed channels show in the weights."""
        sizes = dict(self.teacher.card.detector)
        if not self.plan.mirrored:
            sizes.pop("mirrored", None)
        return sizes

    def _card(self, name: str, digest: str, networks: _Files, twins: _Files) -> ModelCard:
        of = self.teacher.card
        copied = of.calibration.model_copy(
            update={
                "set_description": f"Copied from {of.name}, NOT calibrated anew: intervals need "
                f"not hold. Was: {of.calibration.set_description}",
                "measured_coverage": {},
            }
        )
        small = self._has_small_refiner(name)
        refiner = self.plan.refiner.to_dict() if small else of.refiner
        seen = dict.fromkeys([*of.scans_seen_in_training, *self.trained_on])
        return of.model_copy(
            update={
                "name": f"{of.name}-{name}",
                "sha256": digest,
                "detector": self._copy_sizes(),
                "refiner": refiner,
                "calibration": copied,
                "operating_curve": (),
                "operating_nodules": 0,
                "operating_scans": 0,
                "scans_seen_in_training": list(seen),
                "recipe": f"compressed from {of.name} {of.version}, step {name}; {of.recipe}",
                "run": {},
                "networks": networks,
                "twins": twins,
                "metrics": {},
            }
        )

    def _has_small_refiner(self, name: str) -> bool:
        return name in steps_of(self.plan)[-3:] and bool(self.plan.refinement_share)

    def _step(self, name: str, model: StoredModel, networks: TwoStage) -> StepModel:
        packed = model.folder / PACKED
        file = packed if packed.is_file() else model.weights
        size = Size(
            file_bytes=file.stat().st_size,
            parameters=count_parameters(networks),
            channels=count_channels(networks.detector),
            multiplications=ConvolutionCosts.of(networks.detector).multiplications,
        )
        return StepModel(name, model, self._first(model, networks.detector), size)

    def _first(self, model: StoredModel, detector: Detector) -> NetworkFile:
        if "first" in model.card.networks:
            return NetworkFile.read(model.folder / "first.xml")
        return convert_detector(cast(nn.Module, detector))


def _save(networks: Mapping[NetworkName, NetworkFile], folder: Path) -> _Files:
    """Write network files: ``.xml`` with ``.bin``, or ``.onnx``, which has its weights in it."""
    named: _Files = {}
    for name, file in networks.items():
        parts = {f"{name}.onnx": file.model}
        if file.weights:
            parts = {f"{name}.xml": file.model, f"{name}.bin": file.weights}
        for part, content in parts.items():
            (folder / part).write_bytes(content)
        digests = {part: digest_of(content) for part, content in parts.items()}
        named[name] = NetworkFiles(files=digests)
    return named
