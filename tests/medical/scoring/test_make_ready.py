"""A scorer gets ready once; what failed is tried again."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from medical.scoring.scorer import Scorer


class Stage:
    """Counts what it is asked for; fails the first time."""

    def __init__(self) -> None:
        self.compiled: list[tuple[int, ...]] = []
        self.warmed = 0

    def compile_first(self, shape: tuple[int, ...]) -> None:
        self.compiled.append(shape)

    def warm_up(self) -> None:
        self.warmed += 1
        if self.warmed == 1:
            raise MemoryError("no room for the crops")


def test_a_scorer_gets_ready_once_and_again_after_a_failure() -> None:
    scorer, stage = Scorer.named(), Stage()
    # in the place of what is made when it is first asked for
    vars(scorer).update(
        _pipeline=None,
        _networks=stage,
        _second=stage,
        malignancy=SimpleNamespace(make_ready=lambda: None),
    )
    with pytest.raises(MemoryError):
        scorer.make_ready()
    for _ in range(3):
        scorer.make_ready()
    assert stage.warmed == 2
    assert stage.compiled == [(1, 1, 64, 64, 64)] * 2
