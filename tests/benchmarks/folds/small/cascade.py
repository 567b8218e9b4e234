"""Eight bits everywhere, 32 again where it is asked for: what that gives on the folds.

``python -m tests.benchmarks.folds.small.cascade``, from the predictions of the folds' Lite and of
starlung-lite in both precisions; no CT, no accelerator. A candidate asks for another look where its
evidence in eight bits lies in a band; the look is what the same weights in 32 bits say at that
place. The band is chosen on one half of the lungs and reported on the other, then the other way
round.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from tests.benchmarks.folds.compare import (
    LITE,
    LITE_32,
    NARROW,
    Comparison,
    compare,
    cpm_by_lung,
    read_folds,
)
from tests.benchmarks.folds.predictions import PREDICTIONS, read_predictions
from tests.benchmarks.leave_out.seen_scan import SeenScan

_SAME_MM = 5.0  # a candidate of 32 bits within it is the same place
_NOTHING = -20.0  # evidence where 32 bits see no candidate at all
_MOST = 0.25  # of all candidates may be looked at again
_EDGES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)  # quantiles of the evidence that bound a band


class Band(NamedTuple):
    """Evidence in eight bits between which a candidate is looked at again."""

    low: float
    high: float

    def asks(self, scan: SeenScan) -> Bool[np.ndarray, " n"]:
        """Which candidates of a scan."""
        return np.asarray((scan.scores >= self.low) & (scan.scores < self.high))


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One scan in both precisions, the second look by candidate of the first."""

    eight: SeenScan
    again: Float[np.ndarray, " n"]

    @classmethod
    def of(cls, eight: SeenScan, exact: SeenScan) -> Seen:
        """Find for each candidate what 32 bits say of its place."""
        apart = np.linalg.norm(eight.marks[:, None, :3] - exact.marks[None, :, :3], axis=2)
        at = np.where(apart < _SAME_MM, exact.scores[None], -np.inf)
        best = at.max(1, initial=-np.inf)
        return cls(eight, np.where(np.isfinite(best), best, _NOTHING))

    def switched(self, band: Band) -> SeenScan:
        """Scores of 32 bits where the band asks, of eight elsewhere."""
        return replace(
            self.eight, scores=np.where(band.asks(self.eight), self.again, self.eight.scores)
        )


def pairs(eight: Iterable[SeenScan], exact: Iterable[SeenScan]) -> list[Seen]:
    """Scans that both precisions have read."""
    by_name = {scan.name: scan for scan in exact}
    return [Seen.of(scan, by_name[scan.name]) for scan in eight if scan.name in by_name]


def choose(seen: list[Seen]) -> Band:
    """Return the band with the highest mean sensitivity that asks for no more than ``_MOST``.

    The empty band, eight bits alone, is among those compared; of equals that which asks least wins.
    """
    scores = np.concatenate([lung.eight.scores for lung in seen])
    edges = np.quantile(scores, _EDGES)
    edges[-1] = np.inf
    bands = [Band(0.0, 0.0)]
    bands += [Band(a, b) for a, b in product(edges, edges) if a < b]
    share = {b: float(((scores >= b.low) & (scores < b.high)).mean()) for b in bands}
    few = sorted((b for b in bands if share[b] <= _MOST), key=share.__getitem__)
    means = [np.mean(list(cpm_by_lung([s.switched(b) for s in seen]).values())) for b in few]
    return few[int(np.argmax(means))]


def cross_switched(seen: list[Seen]) -> tuple[list[SeenScan], float]:
    """All scans switched by a band from the other half, and the share of candidates that asked."""
    lungs = list(dict.fromkeys(lung.eight.lung for lung in seen))
    halves = [set(lungs[0::2]), set(lungs[1::2])]
    done, asked, total = [], 0, 0
    for own, other in (halves, halves[::-1]):
        band = choose(
            [lung for lung in seen if lung.eight.lung in other and not lung.eight.as_it_is]
        )
        for lung in (lung for lung in seen if lung.eight.lung in own):
            done.append(lung.switched(band))
            asked += int(band.asks(lung.eight).sum())
            total += len(lung.eight.scores)
    return done, asked / total


def ablation(*, with_second: bool) -> tuple[dict[str, Comparison], float]:
    """Return eight bits, 32 and switched against the folds' teachers, and how many asked."""
    teachers = read_folds(PREDICTIONS, with_second=with_second)
    exact = read_folds(PREDICTIONS / "lite", with_second=with_second)
    eight = read_folds(PREDICTIONS / "lite-int8", with_second=with_second)
    return _compare_precisions(teachers, eight, exact)


def shipped_ablation(*, with_second: bool) -> tuple[dict[str, Comparison], float]:
    """Return the same of starlung-lite against starlung-fast, its teacher, two views each."""
    names = (f"{NARROW}/fast-int8.csv", LITE, LITE_32)
    return _compare_precisions(
        *(read_predictions(PREDICTIONS / name, views=2, with_second=with_second) for name in names)
    )


def _compare_precisions(
    teachers: Sequence[SeenScan], eight: Sequence[SeenScan], exact: Sequence[SeenScan]
) -> tuple[dict[str, Comparison], float]:
    seen = pairs(eight, exact)
    names = {lung.eight.name for lung in seen}
    switched, share = cross_switched(seen)
    rows = {
        "INT8 alone": [lung.eight for lung in seen],
        "FP32 alone": [scan for scan in exact if scan.name in names],
        "switched": switched,
    }
    return {name: compare(teachers, scans) for name, scans in rows.items()}, share


def main() -> None:
    """Print the ablations."""
    for with_second in (True, False):
        print("both stages" if with_second else "first stage alone")
        for name, table in (("the folds' Lite", ablation), ("starlung-lite", shipped_ablation)):
            rows, share = table(with_second=with_second)
            for precision, row in rows.items():
                print(f"  teacher and {name}, {precision:10s}: {row}")
            print(f"  switched: {share:.1%} of the candidates were looked at again")


if __name__ == "__main__":
    main()
