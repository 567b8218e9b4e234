"""Growth of nodules found in two CTs, as lines of HTML."""

from __future__ import annotations

import html
import math

from app.web.words import Words
from medical.nodule.growth import INDISTINGUISHABLE, Change, Growth
from medical.report.change.change import ChangeSince, Followed, signed, signed_percent

_TITLES = (
    "col_number",
    "col_prior_number",
    "col_diameter_change",
    "col_volume_change",
    "col_doubling",
    "col_verdict",
)


def growth_table(change: ChangeSince, words: Words) -> str:
    """One line a nodule, then which have no partner."""
    head = "".join(f"<th>{html.escape(words(title))}</th>" for title in _TITLES)
    body = "".join(_row(*pair, words) for pair in change.matched)
    said = "".join(
        f"<p>{html.escape(words(word, numbers=', '.join(str(one.id) for one in nodules)))}</p>"
        for word, nodules in (("unmatched_now", change.new), ("unmatched_then", change.gone))
        if nodules
    )
    if change.unsized:
        numbers = ", ".join(f"{now} – {then}" for now, then in change.unsized)
        said += f"<p>{html.escape(words('unsized', numbers=numbers))}</p>"
    table = (
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        if change.matched
        else f"<p>{html.escape(words('growth_none'))}</p>"
    )
    return f'<div class="starlung-guidelines starlung-growth">{table}{said}</div>'


def _row(now: Followed, then: Followed, row: Growth, words: Words) -> str:
    verdict = row.volume.verdict
    kind = "indistinguishable" if verdict == INDISTINGUISHABLE else verdict
    cells = (
        str(now.id),
        str(then.id),
        _change(then.diameter_mm, now.diameter_mm, row.diameter, digits=1) + _unlike(row, words),
        _change(then.volume_mm3, now.volume_mm3, row.volume, digits=0),
        _doubling(row, words),
        f'<b class="{kind}">{html.escape(words(verdict))}</b>',
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _change(before: float, after: float, found: Change, *, digits: int) -> str:
    low, high = (signed_percent((end - 1) * 100) for end in found.ratio_ci95)
    sizes = f"{before:.{digits}f} → {after:.{digits}f}"
    difference = signed(found.difference, digits=digits)
    interval = f"{difference} · {signed_percent(found.percent)} ({low} … {high})"
    return f"{sizes}<small>{interval}</small>"


def _unlike(row: Growth, words: Words) -> str:
    """Say what the diameter alone shows, where the volume shows something else."""
    verdict = row.diameter.verdict
    return "" if verdict == row.volume.verdict else f"<small>{html.escape(words(verdict))}</small>"


def _doubling(row: Growth, words: Words) -> str:
    if row.doubling_days_ci95 is None:
        word = "no_doubling" if row.doubling_days is not None else "needs_days"
        # Without a change that can be told from error there is no time to show, days or not.
        if row.volume.verdict == INDISTINGUISHABLE:
            word = "no_doubling"
        return f"<small>{html.escape(words(word))}</small>"
    days = row.doubling_days if row.doubling_days is not None else math.inf
    low, high = sorted(abs(end) for end in row.doubling_days_ci95)
    shown = f"{abs(days):.0f}"
    text = words("halving", days=shown) if days < 0 else shown
    return f"{html.escape(text)}<small>{low:.0f}–{high:.0f}</small>"
