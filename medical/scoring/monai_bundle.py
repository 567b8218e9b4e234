"""A model as a bundle of MONAI: written here, executed by ``python -m monai.bundle run``.

The bundle holds weights, card and configuration; the program itself is not copied into it, so where
it runs StarLung has to be installed in the bundle's version or a later one.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from medical.program import program_version
from medical.scoring.batches.tally import ScoredSeries
from medical.scoring.scorer import Scorer
from models.zoo.loader import StoredModel

MODEL = "models"  # the folder of a bundle in which weights and card lie
_SCHEMA = (
    "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/"
    "meta_schema_20220324.json"
)
_RUN = """python -m monai.bundle run --config_file configs/inference.json --bundle_root . \\
  --image ct.nii.gz --output_dir results"""


def score_image(image: str, output_dir: str, *, model: str, samples: int) -> list[ScoredSeries]:
    """Score one CT as ``starlung score`` does; the entry point of a bundle's ``run``.

    Args:
        image: NIfTI or other volume file, DICOM folder or zip.
        output_dir: where ``predictions.csv`` and a folder a series are written.
        model: the bundle's folder ``models``.
        samples: Monte-Carlo dropout samples, at least 2.

    Raises:
        InputError: the CT cannot be scored.
    """
    result = Scorer.named(model, samples=samples).score([image], output_dir)
    for error in result.errors:
        raise error
    return list(result.series)


def write_bundle(model: StoredModel, folder: Path) -> None:
    """Write a model's bundle into a new folder.

    Raises:
        OSError: it cannot be written, or the folder is there already.
    """
    (folder / MODEL).mkdir(parents=True, exist_ok=False)
    model.copy_to(folder / MODEL)
    (folder / "configs").mkdir()
    _write_json(folder / "configs" / "metadata.json", _metadata(model))
    _write_json(folder / "configs" / "inference.json", _inference())
    (folder / "docs").mkdir()
    lines = [
        f"# {model.card.name} {model.card.version}",
        "Lung nodules in chest CT with 95 % intervals. Research use only: not a medical device.",
        f"Needs StarLung {program_version()} or later (`pip install starlung`). In this folder:",
        f"```\n{_RUN}\n```",
        "`models/card.json` says what the weights were trained and measured on.",
    ]
    (folder / "docs" / "README.md").write_text("\n\n".join(lines) + "\n", encoding="utf-8")


def _inference() -> dict[str, Any]:
    return {
        "imports": [
            "$from medical.scoring.monai_bundle import score_image",
            "$from models.zoo.loader import find_model",
            "$from models.zoo.networks import load_networks",
        ],
        "bundle_root": ".",
        "image": "ct.nii.gz",
        "output_dir": "$@bundle_root + '/results'",
        "model_dir": f"$@bundle_root + '/{MODEL}'",
        "samples": 32,
        "network_def": "$load_networks(find_model(@model_dir))",
        "run": ["$score_image(@image, @output_dir, model=@model_dir, samples=@samples)"],
    }


def _metadata(model: StoredModel) -> dict[str, Any]:
    card = model.card
    hounsfield = {
        "type": "image",
        "format": "hounsfield",
        "modality": "CT",
        "num_channels": 1,
        "spatial_shape": ["*", "*", "*"],
        "dtype": "float32",
        "value_range": [-1024, 3071],
        "is_patch_data": False,
        "channel_def": {"0": "CT"},
    }
    findings = {
        "type": "object",
        "format": "findings.json and predictions.csv; centres in LPS millimetres",
        "num_channels": 0,
        "spatial_shape": [],
        "dtype": "float32",
        "value_range": [],
        "is_patch_data": False,
        "channel_def": {},
    }
    return {
        "schema": _SCHEMA,
        "version": card.version,
        "changelog": {card.version: f"exported by StarLung {program_version()}"},
        "monai_version": version("monai"),
        "pytorch_version": version("torch").partition("+")[0],
        "numpy_version": version("numpy"),
        "required_packages_version": {"starlung": version("starlung")},
        "task": "Lung-nodule detection in chest CT",
        "description": f"{card.name}: {card.recipe} Research use only.",
        "authors": "see models/card.json",
        "copyright": "Apache-2.0; data as models/card.json says",
        "intended_use": "Research use only: not a medical device",
        "network_data_format": {"inputs": {"image": hounsfield}, "outputs": {"pred": findings}},
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
