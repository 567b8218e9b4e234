from __future__ import annotations

from models.distributed.topology import number


def test_equal_places_get_equal_numbers() -> None:
    assert number(["b", "a", "b", "c"]) == [0, 1, 0, 2]
