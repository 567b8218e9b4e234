"""MONAI Model Zoo bundles of ``lung_nodule_ct_detection``: what is read of one.

A bundle is a folder or a zip with ``configs/`` and ``models/model.pt``. Its configuration is read
as data: none of its expressions is run, nothing is unpacked, and of the weights torch reads tensors
only. torchvision is not needed.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Literal

import torch
from torch import Tensor

from models.detector.retinanet import RetinaNetConfig

METADATA, INFERENCE, WEIGHTS = "configs/metadata.json", "configs/inference.json", "models/model.pt"
_MAX_CONFIG, _MAX_WEIGHTS = 1 << 20, 1 << 30  # bytes
_NUMBER = r"\s*=\s*([0-9.]+)"


class BundleError(ValueError):
    """A bundle that cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class MonaiBundle:
    """What a bundle holds.

    Args:
        version: as its metadata tell.
        copyright: as its metadata tell; empty where they do not.
        config: settings of network and image.
        state: the network's tensors by name.
    """

    version: str
    copyright: str
    config: RetinaNetConfig
    state: dict[str, Tensor]


def is_bundle(path: Path) -> bool:
    """Whether a folder or zip looks like a bundle."""
    try:
        with _open(path) as bundle:
            return bundle.has(WEIGHTS)
    except (OSError, zipfile.BadZipFile):
        return False


def read_bundle(path: Path) -> MonaiBundle:
    """Read a folder or a zip.

    Raises:
        BundleError: it is damaged, or another network.
    """
    try:
        with _open(path) as bundle:
            for part in (METADATA, INFERENCE, WEIGHTS):
                if not bundle.has(part):
                    raise BundleError(f"{part} is missing. Download the bundle again.")
            metadata, inference = bundle.read_json(METADATA), bundle.read_json(INFERENCE)
            state = _read_state(bundle.read(WEIGHTS, most=_MAX_WEIGHTS))
    except (OSError, zipfile.BadZipFile) as error:
        raise BundleError(f"it cannot be read ({error}). Download the bundle again.") from error
    return MonaiBundle(
        version=str(metadata.get("version", "unknown"))[:40],
        copyright=str(metadata.get("copyright", ""))[:200],
        config=_read_config(inference),
        state=state,
    )


class _Parts:
    """Files of a bundle, whatever folder of a zip they lie in."""

    def __init__(self, root: Path | zipfile.ZipFile) -> None:
        self.root = root
        names = root.namelist() if isinstance(root, zipfile.ZipFile) else []
        weights = [n for n in names if n == WEIGHTS or n.endswith(f"/{WEIGHTS}")]
        self.prefix = min(weights, key=len).removesuffix(WEIGHTS) if weights else ""

    def has(self, part: str) -> bool:
        if isinstance(self.root, Path):
            return (self.root / part).is_file()
        return f"{self.prefix}{part}" in self.root.namelist()

    def read(self, part: str, *, most: int) -> bytes:
        if isinstance(self.root, Path):
            file = (self.root / part).open("rb")
        else:
            file = self.root.open(f"{self.prefix}{part}")  # type: ignore[assignment]
        with file:
            content = file.read(most + 1)
        if len(content) > most:
            raise BundleError(f"{part} is larger than {most >> 20} MiB: no such bundle is known.")
        return content

    def read_json(self, part: str) -> dict[str, Any]:
        try:
            content = json.loads(self.read(part, most=_MAX_CONFIG))
        except (ValueError, RecursionError) as error:
            raise BundleError(f"{part} is no JSON. Download the bundle again.") from error
        if not isinstance(content, dict):
            raise BundleError(f"{part} is no table of settings. Download the bundle again.")
        return content


@contextmanager
def _open(path: Path) -> Iterator[_Parts]:
    if path.is_dir():
        yield _Parts(path)
        return
    with zipfile.ZipFile(path) as archive:
        yield _Parts(archive)


def _read_state(content: bytes) -> dict[str, Tensor]:
    try:
        stored = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise BundleError(
            f"{WEIGHTS} holds more than tensors or is damaged. Download the bundle again."
        ) from error
    for key in ("model", "state_dict"):  # as a trainer's checkpoint
        if isinstance(stored, dict) and isinstance(stored.get(key), dict):
            stored = stored[key]
    if not isinstance(stored, dict) or not all(isinstance(v, Tensor) for v in stored.values()):
        raise BundleError(f"{WEIGHTS} holds no table of tensors. Download the bundle again.")
    with torch.device("meta"):  # shapes only
        network = RetinaNetConfig().build()
    state = dict(stored)
    wanted = {name: value.shape for name, value in network.state_dict().items()}
    if {name: value.shape for name, value in state.items()} != wanted:
        raise BundleError(
            f"the tensors of {WEIGHTS} are not those of MONAI's RetinaNet with a ResNet-50. Only "
            "bundles of the kind lung_nodule_ct_detection can be imported."
        )
    if not all(torch.isfinite(value).all() for value in state.values()):
        raise BundleError(f"{WEIGHTS} holds values that are no numbers. Download the bundle again.")
    return state


def _read_config(inference: dict[str, Any]) -> RetinaNetConfig:
    """Take from the settings what is plain data; what is missing is as MONAI's bundle has it."""
    config = RetinaNetConfig()
    generator = inference.get("anchor_generator", {})
    try:
        anchors = tuple(_triple(edges) for edges in generator.get("base_anchor_shapes", ()))
        scales = tuple(int(scale) for scale in generator.get("feature_map_scales", ()))
        steps = inference.get("preprocessing", {}).get("transforms", [])
        spacing = _first(steps, "Spacingd", "pixdim")
        low, high = (_first(steps, "ScaleIntensityRanged", key) for key in ("a_min", "a_max"))
        orientation = _first(steps, "Orientationd", "axcodes")
        operations = " ".join(str(line) for line in inference.get("detector_ops", []))
        config = replace(
            config,
            anchors=anchors or config.anchors,
            scales=scales or config.scales,
            spacing_mm=_lengths(spacing) if spacing else config.spacing_mm,
            window_hu=(
                float(low) if low is not None else config.window_hu[0],
                float(high) if high is not None else config.window_hu[1],
            ),
            least_score=_number(operations, "score_thresh", config.least_score),
            most_overlap=_number(operations, "nms_thresh", config.most_overlap),
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise BundleError(f"{INFERENCE} holds settings of another form.") from error
    low_hu, high_hu = config.window_hu
    plausible = (
        len(config.anchors) == len(config.scales) == 3
        and all(1 <= edge <= 200 for edges in config.anchors for edge in edges)
        and all(1 <= scale <= 16 for scale in config.scales)
        and len(config.spacing_mm) == 3
        and all(0.3 <= mm <= 3 for mm in config.spacing_mm)
        and -2000 <= low_hu < high_hu <= 4000
        and 0 < config.least_score < 1
        and 0 < config.most_overlap <= 1
        and orientation in (None, "RAS")
    )
    if not plausible:
        raise BundleError(f"{INFERENCE} holds settings that no bundle of this kind has.")
    return config


def _triple(edges: Any) -> tuple[int, int, int]:
    x, y, z = (int(edge) for edge in edges)
    return x, y, z


def _lengths(spacing: Any) -> tuple[float, float, float]:
    x, y, z = (float(mm) for mm in spacing)
    return x, y, z


def _first(steps: list[dict[str, Any]], target: str, key: str) -> Any:
    for step in steps:
        if str(step.get("_target_", "")).rpartition(".")[2] == target:
            return step.get(key)
    return None


def _number(text: str, name: Literal["score_thresh", "nms_thresh"], default: float) -> float:
    match = re.search(name + _NUMBER, text)
    return float(match[1]) if match else default
