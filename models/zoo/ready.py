"""A stored model's networks, ready to run on what this machine has.

On a CPU no torch is needed once the networks were converted; on a GPU torch runs them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from safetensors import safe_open

from models.detector.contract import current_names
from models.runtime.cache import NetworkCache, cache_folder
from models.runtime.cascade import Band, Cascade
from models.runtime.dropout import DropoutLayers, layers_of_refiner
from models.runtime.machine import count_gpus
from models.runtime.networks import Backend, Networks, refinement_of
from models.runtime.openvino_cpu import NetworkFile, OneByOne, OpenVinoNetwork, openvino_version
from models.zoo.card import NETWORK_NAMES, NetworkFiles
from models.zoo.loader import ModelDamagedError, StoredModel

if TYPE_CHECKING:
    from torch import nn

    from models.detector.refiner import Refiner

Device = Literal["auto", "cpu", "cuda"]
_REFINER = "refiner."
_LAYERS = ("hidden1", "hidden2", "out")


class NoGpuError(RuntimeError):
    """A GPU was asked for by name and cannot be used."""


def ready_networks(
    model: StoredModel, *, device: Device = "auto", cache: Path | None = None
) -> Networks:
    """Make a model's networks ready to run.

    Args:
        model: weights and card.
        device: ``auto`` takes a GPU where there is one that torch can use, else the CPU; a model
            that is nothing but networks ready to run has them for the CPU alone.
        cache: folder of converted networks; the user's where it is not given.

    Raises:
        NoGpuError: ``cuda`` was asked for, and there is none, or torch cannot use it.
        ModelDamagedError: a network file is not the one that the card describes.
    """
    check_device(device)
    if device != "cpu" and _has_gpu():
        try:
            return _on_gpu(model)
        except NoGpuError:
            if device == "cuda":
                raise
    return _on_cpu(model, NetworkCache(cache or cache_folder()))


def check_device(device: Device) -> None:
    """Raise where a GPU is asked for by name and cannot be used.

    Raises:
        NoGpuError: the message says what to do.
    """
    if device == "cuda" and not _has_gpu():
        raise NoGpuError("no GPU that this installation of torch can use; choose the device cpu")


def backend_here() -> Backend:
    """Tell what would run the networks of a model that is converted from its weights."""
    if _has_gpu():
        import torch

        from models.runtime.torch_device import backend_of

        return backend_of(torch.device("cuda"))
    return Backend("OpenVINO", openvino_version(), "CPU", "f32")


def _has_gpu() -> bool:
    if count_gpus() == 0:
        return False
    import torch

    return torch.cuda.is_available()


def _on_gpu(model: StoredModel) -> Networks:
    import torch

    from models.runtime.torch_device import torch_networks
    from models.zoo.networks import ForeignNetworkError

    try:
        modules = _modules(model)
    except ForeignNetworkError as error:
        raise NoGpuError(
            f"{model.card.name} holds networks for the CPU alone; choose the device cpu"
        ) from error
    return torch_networks(*modules, device=torch.device("cuda"))


def _on_cpu(model: StoredModel, cache: NetworkCache) -> Networks:
    card = model.card
    files = {name: _read(model, named) for name, named in card.networks.items()}
    missing = [name for name in NETWORK_NAMES if name not in files]
    band, converted = card.cascade if "first" in files else None, {}
    if missing or band:
        source = {"sha256": card.sha256, "detector": card.detector, "refiner": card.refiner}
        converted = cache.get(source, lambda: _convert(model))
        files |= {name: converted[name] for name in missing}
    precision = card.networks["first"].precision if "first" in card.networks else "f32"
    first = OpenVinoNetwork(files["first"], precision=precision, any_size=card.reads_whole_box)
    classifier, outline = (
        OneByOne(OpenVinoNetwork(files[name], precision=_precision(card.networks.get(name))))
        for name in NETWORK_NAMES[1:]
    )
    backend = Backend("OpenVINO", openvino_version(), "CPU", precision)
    stage = refinement_of(classifier, outline, _layers(model))
    if band:
        again = OpenVinoNetwork(converted["first"])
        cascade = Cascade(first, again, Band(band.low, band.high, band.most))
        return Networks(cascade, stage, backend, first.compile)
    return Networks(first, stage, backend, first.compile)


def _precision(named: NetworkFiles | None) -> str:
    return named.precision if named else "f32"


def _read(model: StoredModel, named: NetworkFiles) -> NetworkFile:
    content = {}
    for name, digest in named.files.items():
        content[name] = (model.folder / name).read_bytes()
        if (actual := hashlib.sha256(content[name]).hexdigest()) != digest:
            raise ModelDamagedError(model, actual, file=name)
    network = next(raw for name, raw in content.items() if not name.endswith(".bin"))
    return NetworkFile(network, next((r for n, r in content.items() if n.endswith(".bin")), b""))


def _layers(model: StoredModel) -> tuple[DropoutLayers, DropoutLayers]:
    """Read the dropout layers, a few small matrices, straight out of the weights."""
    settings = current_names(model.card.refiner)
    with safe_open(model.weights, framework="numpy") as stored:
        wanted = [
            name
            for name in stored.keys()  # noqa: SIM118  (the file cannot be iterated over)
            if name.startswith(_REFINER) and any(f".{layer}." in name for layer in _LAYERS)
        ]
        state: Mapping[str, np.ndarray] = {name: stored.get_tensor(name) for name in wanted}
    return layers_of_refiner(
        state,
        share=float(settings.get("dropout", 0.3)),
        own_classifier=bool(settings.get("own_classifier", False)),
        prefix=_REFINER,
    )


def _convert(model: StoredModel) -> dict[str, NetworkFile]:
    """Convert all networks of the weights; imports torch."""
    import torch

    from models.runtime.conversion import convert, convert_detector, convert_refiner

    first, refiner = _modules(model)
    if model.card.has_retinanet:
        from models.detector.retinanet import RetinaNetConfig

        patch = RetinaNetConfig.from_dict(model.card.detector).patch
        detector = convert(first, (torch.zeros(1, 1, *patch),))
    else:
        detector = convert_detector(first)
    classifier, outline = convert_refiner(refiner)
    return {"first": detector, "classifier": classifier, "outline": outline}


def _modules(model: StoredModel) -> tuple[nn.Module, Refiner]:
    from models.zoo.networks import load_networks, load_retinanet

    if not model.card.has_retinanet:
        networks = load_networks(model)
        return networks.detector, networks.refiner
    from models.detector.retinanet import HeadMaps

    network, refiner, _ = load_retinanet(model)
    return HeadMaps(network).eval(), refiner
