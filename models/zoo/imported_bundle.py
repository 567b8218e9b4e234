"""A bundle of MONAI's Model Zoo as a model of this machine."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file, save_file

from models.zoo.card import Calibration, ModelCard
from models.zoo.loader import CARD, WEIGHTS, StoredModel, sha256_of
from models.zoo.monai_bundle import MonaiBundle

_REFINER = "refiner."
# Of probability nothing is known: an interval of 20 logits either way is all there is, 0 to 1.
_UNKNOWN_LOGIT = 20.0
_OPERATING_POINT = 0.5


def write_model(bundle: MonaiBundle, folder: Path, *, name: str, parent: StoredModel) -> None:
    """Write weights and card of a bundle's network with the refinement stage of another model.

    The bundle finds and classifies; the refinement stage outlines and measures what was found.

    Args:
        bundle: as read.
        folder: made where it is missing.
        name: of the new model.
        parent: model of this project whose refinement stage measures.
    """
    refiner = {n: v for n, v in load_file(parent.weights).items() if n.startswith(_REFINER)}
    detector = {f"detector.{n}": v.contiguous() for n, v in bundle.state.items()}
    folder.mkdir(parents=True, exist_ok=True)
    save_file({**detector, **refiner}, folder / WEIGHTS)
    card = ModelCard(
        name=name,
        version=bundle.version,
        sha256=sha256_of(folder / WEIGHTS),
        detector=bundle.config.to_dict(),
        refiner=parent.card.refiner,
        operating_point=_OPERATING_POINT,
        calibration=_as_it_is(parent.card.calibration, parent.card.name),
        scans_seen_in_training=[],
        data=[
            "First stage: as its makers tell (LUNA16 / LIDC-IDRI for MONAI's own weights). "
            + bundle.copyright,
            f"Refinement stage, which outlines and measures: {parent.card.name} "
            f"{parent.card.version}, see its card.",
        ],
        recipe="Imported from a MONAI bundle lung_nodule_ct_detection; nothing was trained here.",
        metrics={},
        not_good_for=[
            "Probabilities are the network's own scores: not calibrated here.",
            "The operating point of 0.5 was not chosen on any data.",
            "Attention maps, retraining and adapting: they need a model of StarLung.",
        ],
    )
    card.write(folder / CARD)


def _as_it_is(measured: Calibration, parent: str) -> Calibration:
    """Keep the network's own score as probability; sizes are as the refinement stage's card has."""
    return measured.model_copy(
        update={
            "intercept": 0.0,
            "detector_slope": 1.0,
            "refiner_slope": 0.0,
            "least_mm": 0.0,
            "logit_quantile": 1.0,
            "logit_floor": _UNKNOWN_LOGIT,
            "set_description": f"Probability: none. Sizes: that of {parent}.",
            "nodules": 0,
            "candidates": 0,
            "measured_coverage": {},
        }
    )
