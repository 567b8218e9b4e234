"""The old model beside the new one on the held-out scans, figure by figure."""

from __future__ import annotations

from dataclasses import dataclass

from medical.evaluation.result import Evaluation


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
        ("held-out scans", *(f"{one.scans}" for one in (old, new))),
        ("nodules in them", *(f"{one.nodules}" for one in (old, new))),
        ("CPM [95 % interval]", *(_cpm(one) for one in (old, new))),
    ]
    rows += [
        (f"sensitivity at {rate} false positives a scan", _share(old.sensitivity[rate]),
         _share(new.sensitivity[rate]))
        for rate in new.sensitivity
    ]  # fmt: skip
    rows += [
        ("operating point", *(_point(one, "threshold") for one in (old, new))),
        ("sensitivity there", *(_point(one, "sensitivity") for one in (old, new))),
        ("false positives a scan there",
         *(_point(one, "false_positives_per_scan") for one in (old, new))),
    ]  # fmt: skip
    return tuple(Row(*row) for row in rows)


def _cpm(one: Evaluation) -> str:
    if one.cpm is None:
        return "no nodules"
    if one.cpm_ci95 is None:
        return f"{one.cpm:.3f}"
    low, high = one.cpm_ci95
    return f"{one.cpm:.3f} [{low:.3f}, {high:.3f}]"


def _share(value: float | None) -> str:
    return "no nodules" if value is None else f"{value:.3f}"


def _point(one: Evaluation, name: str) -> str:
    return (
        "not known" if one.operating_point is None else _share(getattr(one.operating_point, name))
    )
