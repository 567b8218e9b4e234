"""The comparison with an earlier CT as lines of the report."""

from __future__ import annotations

from medical.nodule.growth import INDISTINGUISHABLE, Change, Growth, Interval
from medical.report.change.change import ChangeSince, EarlierCt, Followed, signed_percent
from medical.report.words.labels import Labels


def comparison_line(earlier: EarlierCt, labels: Labels) -> str:
    """Which CT was compared with, how long before, and whether it surely is the same patient's."""
    said = "compared" if earlier.day else "compared_undated"
    parts = [labels(said, day=earlier.day, label=earlier.study, series=earlier.series_uid)]
    if earlier.days is None:
        parts.append(labels("days_unknown"))
    else:
        by = "days_by_reader" if earlier.days_by_reader else "days_by_dates"
        parts.append(labels(by, days=earlier.days))
    if not earlier.same_patient:
        parts.append(labels("patient_unsure"))
    return labels.sentences(parts)


def change_title(earlier: EarlierCt, labels: Labels) -> str:
    """Heading of the section."""
    return labels("change_since", day=earlier.day) if earlier.day else labels("change_undated")


def change_lines(change: ChangeSince, labels: Labels) -> tuple[str, ...]:
    """One line a nodule found in both, then what has no partner, then how it was compared."""
    lines = [_matched(*pair, labels) for pair in change.matched] or [labels("change_none")]
    if change.new:
        numbers = ", ".join(str(one.id) for one in change.new)
        lines.append(labels("change_new", numbers=numbers))
    lines += [
        labels("change_unsized", number=number, prior=prior) for number, prior in change.unsized
    ]
    lines += [_gone(one, labels) for one in change.gone]
    return (*lines, labels("change_note", likeness=change.likeness))


def _matched(now: Followed, then: Followed, growth: Growth, labels: Labels) -> str:
    return labels(
        "change_one",
        number=now.id,
        prior=then.id,
        diameter=_size(
            "change_diameter",
            (then.diameter_mm, then.diameter_ci95),
            (now.diameter_mm, now.diameter_ci95),
            growth.diameter,
            labels,
        ),
        volume=_size(
            "change_volume",
            (then.volume_mm3, then.volume_ci95),
            (now.volume_mm3, now.volume_ci95),
            growth.volume,
            labels,
        ),
        doubling=_doubling(growth, labels),
    )


def _size(
    word: str,
    before: tuple[float, Interval],
    after: tuple[float, Interval],
    found: Change,
    labels: Labels,
) -> str:
    low, high = (signed_percent((end - 1) * 100) for end in found.ratio_ci95)
    return labels(
        word,
        before=before[0],
        before_low=before[1][0],
        before_high=before[1][1],
        after=after[0],
        after_low=after[1][0],
        after_high=after[1][1],
        percent=signed_percent(found.percent),
        low=low,
        high=high,
        verdict=labels(found.verdict),
    )


def _doubling(growth: Growth, labels: Labels) -> str:
    if growth.volume.verdict == INDISTINGUISHABLE:
        return labels("no_doubling")
    if growth.doubling_days is None or growth.doubling_days_ci95 is None:
        return labels("no_days")
    low, high = sorted(abs(end) for end in growth.doubling_days_ci95)
    word = "halving" if growth.doubling_days < 0 else "doubling"
    return labels(word, days=abs(growth.doubling_days), low=low, high=high)


def _gone(one: Followed, labels: Labels) -> str:
    low, high = one.diameter_ci95
    return labels(
        "change_gone",
        number=one.id,
        location=labels.location(one.location),
        diameter=labels("by_model", size=one.diameter_mm, low=low, high=high),
        volume=one.volume_mm3,
        low=one.volume_ci95[0],
        high=one.volume_ci95[1],
    )
