"""Parts numbered by slabs are those that ``ndimage.label`` numbers in the whole."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from medical.ct import slabs
from medical.ct.parts import Parts


@pytest.mark.parametrize("threads", [1, 3, 8])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("depth", [1, 9, 16, 50])
def test_numbers_and_sizes(
    threads: int, share: float, depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slabs, "thread_count", lambda: threads)
    mask = np.random.default_rng(depth).random((depth, 9, 11)) < share
    labels, count = ndimage.label(mask)
    parts = Parts.of(mask)
    assert parts.count == count
    np.testing.assert_array_equal(parts.looked_up(np.arange(count + 1)), labels)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    np.testing.assert_array_equal(parts.sizes()[1:], sizes[1:])
    assert parts.sizes()[0] == 0


def test_what_hangs_together_in_a_later_slab_only_is_one_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slabs, "thread_count", lambda: 4)
    mask = np.zeros((32, 3, 5), bool)
    mask[:, 1, 0] = mask[:, 1, 4] = mask[31, 1] = True  # a long fork
    mask[5, 1, 2] = True
    parts = Parts.of(mask)
    assert parts.count == 2
    numbers = parts.looked_up(np.arange(3))
    assert numbers[0, 1, 0] == numbers[0, 1, 4] == 1
    assert numbers[5, 1, 2] == 2
