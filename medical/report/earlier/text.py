"""The comparison with an earlier CT as lines of the report."""

from __future__ import annotations

from medical.i18n.catalogue import Translator
from medical.i18n.messages import Message, message
from medical.nodule.growth import INDISTINGUISHABLE, Change, Growth, Interval
from medical.report.earlier.change import ChangeSince, EarlierCt, Followed, signed_percent
from medical.review.interval_text import interval_text
from medical.review.terms import GROWTHS


def comparison_line(earlier: EarlierCt, labels: Translator) -> str:
    """Which CT was compared with, how long before, and whether it surely is the same patient's."""
    which = {"label": earlier.study, "series": earlier.series_uid}
    parts = [
        labels("CT of {day}: study {label}, series {series}.", day=earlier.day, **which)
        if earlier.day
        else labels("An earlier CT of unknown date: study {label}, series {series}.", **which)
    ]
    if earlier.days is None:
        parts.append(labels("The interval between the two is not known."))
    elif earlier.days_by_reader:
        parts.append(
            labels.plural(
                "{count} day earlier according to the reader; the images give no date.",
                "{count} days earlier according to the reader; the images give no date.",
                earlier.days,
            )
        )
    else:
        parts.append(labels.plural("{count} day earlier.", "{count} days earlier.", earlier.days))
    if earlier.model:
        parts.append(labels("Scored by {model}.", model=earlier.model))
    if not earlier.same_patient:
        parts.append(labels("The images do not confirm that both CTs are of the same patient."))
    return labels.sentences(parts)


def change_title(earlier: EarlierCt, labels: Translator) -> str:
    """Heading of the section."""
    return (
        labels("CHANGE SINCE {day}", day=earlier.day)
        if earlier.day
        else labels("CHANGE SINCE THE EARLIER CT")
    )


def change_lines(change: ChangeSince, labels: Translator) -> tuple[str, ...]:
    """One line a nodule found in both, then what has no partner, then how it was compared."""
    lines = [_matched(*pair, labels) for pair in change.matched] or [
        labels("No nodule was found in both CTs.")
    ]
    if change.new:
        numbers = ", ".join(str(nodule.id) for nodule in change.new)
        lines.append(
            labels("New, or not detected in the earlier CT: finding {numbers}.", numbers=numbers)
        )
    lines += [
        labels(
            "Finding {number} is at the location of earlier finding {prior}; no "
            "change is reported because the model did not measure both.",
            number=number,
            prior=prior,
        )
        for number, prior in change.unsized
    ]
    lines += [_gone(nodule, labels) for nodule in change.gone]
    return (
        *lines,
        labels(
            "Matched by affine registration, correlation {correlation:.2f}. Sizes "
            "are the model's; readers' own diameters and rejected findings are not "
            "compared. Intervals assume independent measurements.",
            correlation=change.correlation,
        ),
    )


def _matched(now: Followed, then: Followed, growth: Growth, labels: Translator) -> str:
    return labels(
        "Finding {number}, earlier finding {prior}: {diameter}; {volume}. {doubling}",
        number=now.id,
        prior=then.id,
        diameter=_size(
            message(
                "diameter {before} mm ({before_interval}) → "
                "{after} mm ({after_interval}), "
                "{percent} ({low} to {high}): {verdict}",
            ),
            (then.diameter_mm, then.diameter_ci95),
            (now.diameter_mm, now.diameter_ci95),
            growth.diameter,
            ".1f",
            labels,
        ),
        volume=_size(
            message(
                "volume {before} mm³ ({before_interval}) → "
                "{after} mm³ ({after_interval}), "
                "{percent} ({low} to {high}): {verdict}",
            ),
            (then.volume_mm3, then.volume_ci95),
            (now.volume_mm3, now.volume_ci95),
            growth.volume,
            ".0f",
            labels,
        ),
        doubling=_doubling(growth, labels),
    )


def _size(
    text: Message,
    before: tuple[float, Interval],
    after: tuple[float, Interval],
    change: Change,
    form: str,
    labels: Translator,
) -> str:
    low, high = (signed_percent((end - 1) * 100) for end in change.ratio_ci95)
    return labels(
        text.text,
        before=format(before[0], form),
        before_interval=interval_text(*before[1], form),
        after=format(after[0], form),
        after_interval=interval_text(*after[1], form),
        percent=signed_percent(change.percent),
        low=low,
        high=high,
        verdict=labels.among(GROWTHS, change.verdict),
    )


def _doubling(growth: Growth, labels: Translator) -> str:
    if growth.volume.verdict == INDISTINGUISHABLE:
        return labels("The volume doubling time cannot be bounded.")
    if growth.doubling_days is None or growth.doubling_days_ci95 is None:
        return labels("No volume doubling time: the interval between the two CTs is not known.")
    low, high = sorted(abs(end) for end in growth.doubling_days_ci95)
    interval = interval_text(low, high, ".0f")
    if growth.doubling_days < 0:
        return labels.plural(
            "Volume halving time {count} day ({interval}).",
            "Volume halving time {count} days ({interval}).",
            round(-growth.doubling_days),
            interval=interval,
        )
    return labels.plural(
        "Volume doubling time {count} day ({interval}).",
        "Volume doubling time {count} days ({interval}).",
        round(growth.doubling_days),
        interval=interval,
    )


def _gone(nodule: Followed, labels: Translator) -> str:
    return labels(
        "No longer seen, or not detected now: earlier finding {number}, "
        "{location}, {diameter}, volume {volume:.0f} mm³ ({interval}).",
        number=nodule.id,
        location=labels.translate(nodule.location),
        diameter=labels(
            "diameter {size:.1f} mm ({interval})",
            size=nodule.diameter_mm,
            interval=interval_text(*nodule.diameter_ci95, ".1f"),
        ),
        volume=nodule.volume_mm3,
        interval=interval_text(*nodule.volume_ci95, ".0f"),
    )
