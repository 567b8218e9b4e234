"""Networks that are at hand as torch modules, in training and in benchmarks, made ready to run."""

from __future__ import annotations

from torch import nn

from models.detector.refiner import Refiner
from models.runtime.conversion import convert_detector, convert_refiner
from models.runtime.dropout import layers_of_refiner
from models.runtime.networks import Backend, Networks, RefinementNetworks, refinement_of
from models.runtime.openvino_cpu import OneByOne, OpenVinoNetwork, openvino_version


def networks_of(detector: nn.Module, refiner: Refiner) -> Networks:
    """Convert and run both stages on this machine's CPU.

    Args:
        detector: the first stage, float32, in evaluation mode.
        refiner: the second, likewise.
    """
    return Networks(
        OpenVinoNetwork(convert_detector(detector)),
        refinement_networks_of(refiner),
        Backend("OpenVINO", openvino_version(), "CPU", "f32"),
    )


def refinement_networks_of(refiner: Refiner) -> RefinementNetworks:
    """Convert and run the refinement stage alone; see ``networks_of``."""
    classifier, outline = (OneByOne(OpenVinoNetwork(file)) for file in convert_refiner(refiner))
    layers = layers_of_refiner(
        {name: value.numpy() for name, value in refiner.state_dict().items()},
        share=refiner.dropout,
        own_classifier=refiner.own is not None,
    )
    return refinement_of(classifier, outline, layers)
