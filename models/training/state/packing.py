"""Nested state to a flat dictionary of tensors and back.

Checkpoints hold tensors and one JSON text, never pickled objects: reading them runs no code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

_SKELETON = "skeleton"


def pack(state: Any, *, prefix: str) -> dict[str, Tensor]:
    """Flatten dictionaries, lists, tuples, tensors and plain values.

    Args:
        state: nested; keys of dictionaries are texts or whole numbers.
        prefix: of every name in the result, so that several packs fit into one dictionary.

    Raises:
        TypeError: something in it is none of those; the message names where.
    """
    tensors: dict[str, Tensor] = {}
    skeleton = json.dumps(_strip(state, tensors, prefix))
    tensors[f"{prefix}.{_SKELETON}"] = torch.frombuffer(
        bytearray(skeleton.encode()), dtype=torch.uint8
    )
    return tensors


def unpack(tensors: Mapping[str, Tensor], *, prefix: str) -> Any:
    """Return what ``pack`` was given with this prefix; ``None`` where nothing was packed."""
    if (text := tensors.get(f"{prefix}.{_SKELETON}")) is None:
        return None
    return _fill(json.loads(bytes(text.tolist())), tensors)


def _strip(value: Any, tensors: dict[str, Tensor], name: str) -> list[Any]:
    """Replace tensors in the value by their names; each node is ``[kind, content]``."""
    match value:
        case Tensor():
            tensors[name] = value.detach()
            return ["tensor", name]
        case Mapping():
            pairs = [[key, _strip(part, tensors, f"{name}.{key}")] for key, part in value.items()]
            return ["dict", pairs]
        case list() | tuple():
            kind = "list" if isinstance(value, list) else "tuple"
            return [kind, [_strip(part, tensors, f"{name}.{i}") for i, part in enumerate(value)]]
        case None | bool() | int() | float() | str():
            return ["value", value]
    raise TypeError(f"{name} cannot be stored in a checkpoint: {type(value).__name__}")


def _fill(node: list[Any], tensors: Mapping[str, Tensor]) -> Any:
    kind, content = node
    match kind:
        case "tensor":
            return tensors[content]
        case "dict":
            return {key: _fill(part, tensors) for key, part in content}
        case "list":
            return [_fill(part, tensors) for part in content]
        case "tuple":
            return tuple(_fill(part, tensors) for part in content)
    return content
