from __future__ import annotations

import pytest

from models.distributed.compression.selection import SharedTopK


def test_share_falls_to_k() -> None:
    top = SharedTopK(k=0.01, k_start=1.0, warmup_steps=10)
    assert top.share(0) == 1.0
    assert top.share(5) == pytest.approx(0.1)
    assert [top.share(step) for step in (10, 99)] == [0.01, 0.01]


def test_everything_is_sent_while_the_share_is_one() -> None:
    top = SharedTopK(k=0.01, k_start=1.0, warmup_steps=10)
    assert top.count(1000, step=0, nodes=8) == 1000
