from __future__ import annotations

import pytest

from models.distributed.selection import SharedTopK


def test_share_falls_to_k_and_rises_at_the_end() -> None:
    top = SharedTopK(k=0.01, k_start=1.0, warmup_steps=10, k_last=0.1, last_from=50)
    assert top.share(0) == 1.0
    assert top.share(5) == pytest.approx(0.1)
    assert [top.share(step) for step in (10, 49, 50, 99)] == [0.01, 0.01, 0.1, 0.1]


def test_run_begins_dense_and_ends_with_ten_times_as_many() -> None:
    top = SharedTopK.for_run(100, k=0.01)
    shares = [top.share(step) for step in (0, 39, 40, 89, 90)]
    assert shares == pytest.approx([1.0, 0.0112, 0.01, 0.01, 0.1], rel=0.01)


def test_everything_is_sent_while_the_share_is_one() -> None:
    top = SharedTopK(k=0.01, k_start=1.0, warmup_steps=10)
    assert top.count(1000, step=0, nodes=8) == 1000


@pytest.mark.parametrize(
    ("options", "says"),
    [({"k_last": 0.001}, "k_last"), ({"last_from": -1}, "last_from")],
)
def test_end_that_cannot_be_is_refused(options: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        SharedTopK(k=0.01, **options)  # type: ignore[arg-type]
