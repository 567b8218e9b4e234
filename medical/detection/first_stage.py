"""What finds candidates: the project's own network, or one that was imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from medical.ct.prepare import Prepared
from medical.ct.volume import CtVolume, QualityNote
from medical.detection.candidates import WINDOW, CandidateSet, find_candidates
from medical.i18n.messages import message
from models.detector.runtime import compiled_detector, compiled_maps
from models.zoo.card import ModelCard

if TYPE_CHECKING:
    from monai.apps.detection.networks.retinanet_network import RetinaNet

    from models.detector.detector import Detector
    from models.detector.retinanet import RetinaNetConfig

Progress = Callable[[float], None]
FirstStage = Callable[[CtVolume, Prepared, Progress], CandidateSet]
"""Finds candidates in a CT, given as read and on its 1 mm grid, and tells the share done."""


def compile_heat_map(detector: Detector) -> FirstStage:
    """Compile the project's own first stage, in evaluation mode."""
    run = compiled_detector(detector, window=WINDOW)

    def find(ct: CtVolume, prepared: Prepared, progress: Progress) -> CandidateSet:
        return find_candidates(prepared.hu, prepared.lung, run, progress=progress)

    return find


def compile_boxes(network: RetinaNet, config: RetinaNetConfig) -> FirstStage:
    """Compile an imported RetinaNet, in evaluation mode."""
    from medical.detection.retinanet import find_by_boxes

    run = compiled_maps(network, window=config.patch)

    def find(ct: CtVolume, prepared: Prepared, progress: Progress) -> CandidateSet:
        return find_by_boxes(ct, prepared, run, config, progress=progress)

    return find


def model_notes(card: ModelCard) -> tuple[QualityNote, ...]:
    """Note what a reader must know of the model: whether its probabilities were calibrated."""
    if card.calibration.candidates > 0:
        return ()
    return (
        QualityNote(
            "uncalibrated-model",
            "warning",
            message(
                "The probabilities are those of {model} itself, which was not calibrated here: "
                "no interval of them and no operating point is known to hold.",
                model=card.name,
            ),
        ),
    )
