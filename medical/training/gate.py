"""The gate: may new weights replace the old ones?

Only if they are not worse on the frozen evaluation set: the lower end of the 95 % interval of the
paired difference in CPM (bootstrap over scans, both models on the same redrawn scans) must lie
above minus a margin. It is kept as far below the difference as a loss may be that so many nodules
need not show. A set too small to tell is a no, not a yes: both models are kept then.

Source:
    Paired bootstrap: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 8;
    non-inferiority margin: Piaggio et al., JAMA 2012;308:2594 (CONSORT).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from medical.evaluation.froc import Scores, match_scans
from medical.evaluation.intervals import DRAWS, percentile_interval, times_drawn
from medical.evaluation.result import Evaluation
from medical.evaluation.tables import Tables
from medical.plain_text import counted
from medical.training.unseen_loss import too_few_sentence, unseen_loss

MARGIN = 0.05
MIN_SCANS = 5
MIN_NODULES = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the new weights replace the old, and why.

    Args:
        replaces: the new weights are not worse.
        why: one sentence.
        cpm_new: of the new weights; ``None`` without nodules.
        cpm_old: of the old ones.
        difference_ci95: of new minus old; ``None`` where it was not measured.
        scans: of the evaluation set.
        nodules: in it.
    """

    replaces: bool
    why: str
    cpm_new: float | None
    cpm_old: float | None
    difference_ci95: tuple[float, float] | None
    scans: int
    nodules: int

    def write(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")


def decide(
    new: Tables, old: Tables, *, margin: float = MARGIN, draws: int = DRAWS, seed: int = 0
) -> Verdict:
    """Compare two models on the same scans.

    Args:
        new: candidates of the new weights.
        old: candidates of the old ones on the same scans and nodules.
        margin: of CPM that may be lost.
        draws: of the bootstrap, at least 1.
        seed: of the draws.

    Raises:
        ValueError: the tables hold different scans or nodules.
    """
    if new.series_uids != old.series_uids or new.nodules != old.nodules:
        raise ValueError("both models must be scored on the same scans and nodules")
    scores = [Scores.of(match_scans(tables)) for tables in (new, old)]
    return decide_by_scores(scores[0], scores[1], margin=margin, draws=draws, seed=seed)


def decide_by_scores(
    new: Scores, old: Scores, *, margin: float = MARGIN, draws: int = DRAWS, seed: int = 0
) -> Verdict:
    """Judge scores that were gathered otherwise, of the same scans and nodules.

    Raises:
        ValueError: the scans hold different numbers of nodules.
    """
    if not np.array_equal(new.nodules, old.nodules):
        raise ValueError("both models must be scored on the same scans and nodules")
    scans, nodules = len(new.nodules), int(new.nodules.sum())
    cpm_new, cpm_old = (s.curve().cpm if nodules else None for s in (new, old))
    interval = None
    if scans < MIN_SCANS or nodules < MIN_NODULES:
        replaces, why = False, (
            f"the evaluation set holds {counted(scans, 'scan')} and "
            f"{counted(nodules, 'nodule')}, too few to tell "
            f"({MIN_SCANS} scans and {MIN_NODULES} nodules are needed): both models are kept"
        )  # fmt: skip
    else:
        low, high = _paired_difference(new, old, draws=draws, seed=seed)
        unseen = (cpm_new or 0.0) - (cpm_old or 0.0) - unseen_loss(nodules)
        interval = (min(low, unseen), high)
        replaces, why = _sentence(interval, margin, nodules=nodules, by_few=low > -margin)
    return Verdict(replaces, why, cpm_new, cpm_old, interval, scans, nodules)


def _paired_difference(new: Scores, old: Scores, *, draws: int, seed: int) -> tuple[float, float]:
    differences = [
        new.curve(times=times).cpm - old.curve(times=times).cpm
        for times in times_drawn(len(new.nodules), draws=draws, seed=seed)
        if (times * new.nodules).any()
    ]
    return percentile_interval(np.array(differences))


def _sentence(
    interval: tuple[float, float], margin: float, *, nodules: int, by_few: bool
) -> tuple[bool, str]:
    """Word the outcome; ``by_few``: what was seen would pass."""
    low, high = interval
    between = f"the CPM changes by {low:+.3f} to {high:+.3f} (95 % interval over scans)"
    if low > -margin:
        return (
            True,
            f"{between}, not worse by more than {margin:g}: the new weights replace the old",
        )
    if high < 0:
        return False, f"{between}: the new weights are worse, both models are kept"
    if by_few:
        return False, f"{between}: {too_few_sentence(nodules, margin)}: both models are kept"
    return False, f"{between}: a loss above {margin:g} cannot be ruled out, both models are kept"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of both models, as people read it."""

    figure: str
    old: str
    new: str


def compare(old: Evaluation, new: Evaluation) -> tuple[Row, ...]:
    """Rows of a table; all of the same scans, so differences are not between patients.

    Args:
        old: of the model that was there, at its own operating point.
        new: of the new one, at its own.
    """
    rows = [
        ("held-out scans", *(f"{item.scans}" for item in (old, new))),
        ("nodules in them", *(f"{item.nodules}" for item in (old, new))),
        ("CPM [95 % interval]", *(_cpm(item) for item in (old, new))),
    ]
    rows += [
        (f"sensitivity at {rate} false positives a scan", _share(old.sensitivity[rate]),
         _share(new.sensitivity[rate]))
        for rate in new.sensitivity
    ]  # fmt: skip
    rows += [
        ("operating point", *(_point(item, "threshold") for item in (old, new))),
        ("sensitivity there", *(_point(item, "sensitivity") for item in (old, new))),
        ("false positives a scan there",
         *(_point(item, "false_positives_per_scan") for item in (old, new))),
    ]  # fmt: skip
    return tuple(Row(*row) for row in rows)


def _cpm(evaluation: Evaluation) -> str:
    if evaluation.cpm is None:
        return "no nodules"
    if evaluation.cpm_ci95 is None:
        return f"{evaluation.cpm:.3f}"
    low, high = evaluation.cpm_ci95
    return f"{evaluation.cpm:.3f} [{low:.3f}, {high:.3f}]"


def _share(value: float | None) -> str:
    return "no nodules" if value is None else f"{value:.3f}"


def _point(evaluation: Evaluation, name: str) -> str:
    return (
        "not known"
        if evaluation.operating_point is None
        else _share(getattr(evaluation.operating_point, name))
    )
