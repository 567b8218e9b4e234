"""Patches to train on in ``traffic`` and ``links``: nodules set into a phantom's lungs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from medical.ct.volume import CtVolume, SeriesSource
from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.engine import NoduleEngine, TrainingBatch
from medical.synthesis.nodules.pool import made_pool
from medical.synthesis.phantom import make_chest

PATCH = 32
_AT_ONCE = 32


def write_bank(path: Path, *, patches: int) -> None:
    """Make patches once, so that steps measure training and not the making of patches.

    Args:
        path: of a file of tensors, by the names of ``TrainingBatch``.
        patches: how many, a multiple of 32.
    """
    chest = make_chest(1, shape=(120, 130, 130), spacing_mm=(2.4, 2.4, 2.4))
    ct = CtVolume(hu=chest.hu, geometry=chest.geometry, source=SeriesSource("p1"))
    rows = np.array([[*nodule.center_lps_mm, nodule.diameter_mm] for nodule in chest.nodules])
    case = TrainingCase.from_ct(ct, rows.astype(np.float32), name="p1")
    torch.manual_seed(0)
    engine = NoduleEngine([case], made_pool(seed=0), device=torch.device("cpu"), patch=PATCH)
    made = [engine.batch(_AT_ONCE) for _ in range(patches // _AT_ONCE)]
    fields = zip(*(batch[:-1] for batch in made), strict=True)  # no teacher's answer
    whole = TrainingBatch(*(torch.cat(parts) for parts in fields))
    torch.save(whole._asdict(), path)
