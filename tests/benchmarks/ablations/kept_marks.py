"""Marks of stored weights on the insertion set, kept beside the weights.

Reading takes long without an accelerator, and marks are small: read where there is one, and bring
the marks back instead of the weights.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from tests.benchmarks.ablations.marks import CaseMarks, MarkReader
from tests.benchmarks.ablations.variants import Variant
from tests.benchmarks.shared.insertion import InsertionScan


def marks_path(weights: Path, digest: str) -> Path:
    """Where the marks of weights on a set of that digest are kept."""
    return weights.with_suffix(f".{digest}.marks.npz")


def marks_there(weights: Path, digest: str) -> bool:
    """Whether marks are kept that are not older than the weights, where those are there."""
    file = marks_path(weights, digest)
    return file.exists() and not (
        weights.exists() and weights.stat().st_mtime > file.stat().st_mtime
    )


def read_set(
    variant: Variant,
    weights: Path,
    scans: list[InsertionScan],
    *,
    digest: str,
    device: torch.device,
) -> list[CaseMarks]:
    """Take the kept marks of every scan, or read the scans and keep the marks.

    Args:
        variant: whose weights they are.
        weights: as ``train`` wrote them; need not exist where ``marks_there``.
        scans: of the insertion set.
        digest: of the set, see ``hybrid_set.digest_of``.
        device: where the convolutions run.
    """
    file = marks_path(weights, digest)
    if marks_there(weights, digest):
        with np.load(file) as stored:
            return [
                CaseMarks(*(stored[f"{name}_{n}"] for name in CaseMarks._fields))
                for n in range(len(scans))
            ]
    networks = variant.build()
    networks.load_state_dict(load_file(weights))
    reader = MarkReader(networks.float().eval(), device=device, first_only=variant.first_only)
    seen = [reader.read(scan.case) for scan in scans]
    columns = {
        f"{name}_{n}": column
        for n, entry in enumerate(seen)
        for name, column in zip(CaseMarks._fields, entry, strict=True)
    }
    np.savez_compressed(file, **columns)  # type: ignore[arg-type]
    return seen
