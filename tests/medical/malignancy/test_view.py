from __future__ import annotations

import numpy as np

from medical.malignancy.view import view_of


def _crop() -> tuple[np.ndarray, np.ndarray]:
    crop = np.random.default_rng(0).uniform(-1, 1, (32, 32, 32)).astype(np.float32)
    mask = np.zeros((32, 32, 32), bool)
    mask[12:20, 10:22, 10:22] = True
    return crop, mask


def test_what_lies_beyond_the_margin_is_not_seen() -> None:
    crop, mask = _crop()
    changed = crop.copy()
    changed[:10], changed[22:] = 1.0, -1.0
    first, second = (view_of(each, mask, extent_mm=32.0) for each in (crop, changed))
    assert np.array_equal(first.crop, second.crop)
    assert np.array_equal(first.measures, second.measures)


def test_the_nodule_itself_is_seen_as_it_is() -> None:
    crop, mask = _crop()
    assert np.array_equal(view_of(crop, mask, extent_mm=32.0).crop[11:21], crop[11:21])


def test_without_an_outline_all_is_seen() -> None:
    crop, mask = _crop()
    assert np.array_equal(view_of(crop, np.zeros_like(mask), extent_mm=32.0).crop, crop)
