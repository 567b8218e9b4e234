"""Checkpoints of a run: written beside and renamed, so a torn file is never the newest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write ``state`` so that ``path`` is always either the old or the new one, whole."""
    beside = path.with_suffix(".partial")
    torch.save(state, beside)
    beside.replace(path)


def load_checkpoint(path: Path, *, device: torch.device) -> dict[str, Any] | None:
    """Read a checkpoint, or ``None`` where there is none.

    Raises:
        ValueError: the file is not a checkpoint of this program.
    """
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch raises many types for a damaged archive
        raise ValueError(f"{path} is not a readable checkpoint: {error}") from error
    return state
