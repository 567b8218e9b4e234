"""A model whose stages run in eight bits: ``folds.small.eight_bits DATA MODEL OUT``.

DATA is what ``folds.data`` wrote; bounds are found on windows and candidates of lungs that the
model has learned from. Writes the model's folder anew as OUT, the networks beside its weights and
named in its card; what lies ready in MODEL stays as it is. The calibration is not that of a first
stage made so: run ``tests.benchmarks.calibrate`` on OUT.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from medical.detection.candidates import candidate_finder
from medical.detection.refinement import cut
from medical.synthesis.case import TrainingCase
from medical.training.compressing.calibration_inputs import lung_windows
from models.compression.int8 import Inputs, quantize_to_int8
from models.runtime.conversion import convert_detector, convert_refiner
from models.runtime.openvino_cpu import NetworkFile
from models.zoo.card import NetworkFiles, NetworkName
from models.zoo.loader import CARD, StoredModel, find_model
from models.zoo.networks import load_networks
from models.zoo.ready import ready_networks
from models.zoo.single_file import digest_of

_SEED = 3
_STRONGEST, _OTHERS = 8, 12  # candidates of a lung
_VIEWS = ((), (4,), (3,), (2,))


def candidates(model: StoredModel, cases: list[TrainingCase]) -> Iterator[Inputs]:
    """Crops as the second stage takes them: what the first finds, and known nodules, mirrored.

    The strongest of each lung are more often looked at than others.
    """
    run = ready_networks(model, device="cpu").first
    find = candidate_finder(run, whole_box=model.card.reads_whole_box, mirrored=False)
    draw = np.random.default_rng(_SEED)
    for case in cases:
        hu = np.asarray(case.hu, np.float32)
        candidates = find(hu, case.lung)
        weaker = draw.choice(
            len(candidates.logits), min(_OTHERS, len(candidates.logits)), replace=False
        )
        picked = candidates.only(
            np.unique([*range(min(_STRONGEST, len(candidates.logits))), *weaker])
        )
        centers = np.concatenate([picked.centers_voxel, case.nodules[:, :3]])
        crops = cut(hu, centers, np.concatenate([picked.diameters_mm, case.nodules[:, 3]]))
        for index in range(len(centers)):
            near, context, extent = crops.only(np.array([index])).mirrored([_VIEWS[index % 4]])
            yield np.ascontiguousarray(near), np.ascontiguousarray(context), extent


def quantized(model: StoredModel, cases: list[TrainingCase]) -> dict[NetworkName, NetworkFile]:
    """The networks in eight bits that do not lie ready yet."""
    whole, made = load_networks(model), dict[NetworkName, NetworkFile]()
    if "first" not in model.card.networks:
        made["first"] = quantize_to_int8(convert_detector(whole.detector), lung_windows(cases))
    crops = list(candidates(model, cases))
    parts: tuple[NetworkName, NetworkName] = ("classifier", "outline")
    for name, file in zip(parts, convert_refiner(whole.refiner), strict=True):
        if name not in model.card.networks:
            made[name] = quantize_to_int8(file, crops, exact_ends=True)
    return made


def main() -> None:
    """Quantise and write."""
    data, model, out = Path(sys.argv[1]), find_model(sys.argv[2]), Path(sys.argv[3])
    names = model.card.scans_seen_in_training
    cases = [TrainingCase.load(data / "cases" / f"{name}.npz") for name in names]
    networks = dict(model.card.networks)
    small = quantized(model, cases)
    shutil.copytree(model.folder, out)
    for name, network in small.items():
        parts = {f"{name}.xml": network.model, f"{name}.bin": network.weights}
        for file, content in parts.items():
            (out / file).write_bytes(content)
        files = {file: digest_of(content) for file, content in parts.items()}
        networks[name] = NetworkFiles(files=files)
    model.card.model_copy(update={"networks": networks}).write(out / CARD)


if __name__ == "__main__":
    main()
