"""Growth of nodules found in two CTs, as lines of HTML."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.web.words import Words
from medical.nodule.growth import INDISTINGUISHABLE, Change
from medical.nodule.growth_match import Growth, match
from medical.nodule.registration import Registration
from medical.store.reading import ReadFinding

_TITLES = (
    "col_number",
    "col_prior_number",
    "col_diameter_change",
    "col_volume_change",
    "col_doubling",
    "col_verdict",
)


@dataclass(frozen=True, slots=True)
class Followed:
    """A nodule by its number, with the model's measures."""

    id: int
    center_lps_mm: tuple[float, float, float]
    diameter_mm: float
    diameter_ci95: tuple[float, float]
    volume_mm3: float
    volume_ci95: tuple[float, float]


def followed(findings: Sequence[ReadFinding]) -> list[Followed]:
    """What a reader has not rejected."""
    return [
        Followed(
            one.number,
            one.measured.center_lps_mm,
            one.measured.diameter_mm,
            one.measured.diameter_ci95,
            one.measured.volume_mm3,
            one.measured.volume_ci95,
        )
        for one in findings
        if one.verdict != "rejected"
    ]


def pairs_of(
    current: Sequence[Followed], prior: Sequence[Followed], registration: Registration
) -> dict[int, int]:
    """Number in this CT to number in the earlier one."""
    return {now.id: then.id for now, then, _ in match(current, prior, registration)}


def growth_table(
    rows: Sequence[Growth],
    current: Sequence[Followed],
    prior: Sequence[Followed],
    words: Words,
) -> str:
    """One line a nodule, then which have no partner."""
    sizes = ({one.id: one for one in current}, {one.id: one for one in prior})
    head = "".join(f"<th>{html.escape(words(title))}</th>" for title in _TITLES)
    body = "".join(_row(row, *sizes, words) for row in sorted(rows, key=lambda one: one.current_id))
    left = (
        ("unmatched_now", sizes[0].keys() - {row.current_id for row in rows}),
        ("unmatched_then", sizes[1].keys() - {row.prior_id for row in rows}),
    )
    said = "".join(
        f"<p>{html.escape(words(word, numbers=', '.join(map(str, sorted(numbers)))))}</p>"
        for word, numbers in left
        if numbers
    )
    table = (
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        if rows
        else f"<p>{html.escape(words('growth_none'))}</p>"
    )
    return f'<div class="starlung-guidelines starlung-growth">{table}{said}</div>'


def _row(
    row: Growth, current: dict[int, Followed], prior: dict[int, Followed], words: Words
) -> str:
    now, then = current[row.current_id], prior[row.prior_id]
    cells = (
        str(row.current_id),
        str(row.prior_id),
        _change(then.diameter_mm, now.diameter_mm, row.diameter, digits=1) + _unlike(row, words),
        _change(then.volume_mm3, now.volume_mm3, row.volume, digits=0),
        _doubling(row, words),
        f'<b class="{_kind(row.volume)}">{html.escape(words(_kind(row.volume)))}</b>',
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _change(before: float, after: float, found: Change, *, digits: int) -> str:
    low, high = (_percent((end - 1) * 100) for end in found.ratio_ci95)
    sizes = f"{before:.{digits}f} → {after:.{digits}f}"
    difference = f"{found.difference:+.{digits}f}".replace("-", "−")
    interval = f"{difference} · {_percent(found.percent)} ({low} … {high})"
    return f"{sizes}<small>{interval}</small>"


def _unlike(row: Growth, words: Words) -> str:
    """What the diameter alone says, where that is not what the volume says."""
    kind = _kind(row.diameter)
    return "" if kind == _kind(row.volume) else f"<small>{html.escape(words(kind))}</small>"


def _doubling(row: Growth, words: Words) -> str:
    if row.doubling_days_ci95 is None:
        word = "no_doubling" if row.doubling_days is not None else "needs_days"
        # Without a change that can be told from error there is no time to show, days or not.
        if _kind(row.volume) == "indistinguishable":
            word = "no_doubling"
        return f"<small>{html.escape(words(word))}</small>"
    days = row.doubling_days if row.doubling_days is not None else math.inf
    low, high = sorted(abs(end) for end in row.doubling_days_ci95)
    shown = f"{abs(days):.0f}"
    text = words("halving", days=shown) if days < 0 else shown
    return f"{html.escape(text)}<small>{low:.0f}–{high:.0f}</small>"


def _kind(found: Change) -> str:
    return "indistinguishable" if found.verdict == INDISTINGUISHABLE else found.verdict


def _percent(value: float) -> str:
    return f"{round(value) + 0:+d} %".replace("-", "−")
