"""Which finding a reader looks at, and where they clicked last, in step with the viewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from app.web.components.viewer.component import Crosshair, GoTo
from medical.review.reading import ReadFinding

FINDING = "finding"
"""The part of the address that names the finding on show."""


@dataclass(slots=True)
class Place:
    """One reader's place in one series.

    Args:
        finding: number of the finding on show; ``None`` without findings.
        order: counts Python's orders to the viewer.
        report: the viewer's latest report that was taken in.
        click: the latest click that hit no finding.
        added: the report of the latest click at which a nodule was added.
        decided: rows of the findings of each step that can be undone, the latest last.
    """

    finding: int | None = None
    order: int = 0
    report: int = 0
    click: Crosshair | None = None
    added: int = 0
    decided: list[list[int]] = field(default_factory=list)

    def go_to(self, finding: int | None) -> None:
        """Send the viewer to a finding."""
        self.finding = finding
        self.order += 1

    def step(self, findings: Sequence[ReadFinding], by: int) -> None:
        """To the next finding or the one before; round at the ends."""
        numbers = [finding.number for finding in findings]
        if numbers:
            at = numbers.index(self.finding) if self.finding in numbers else -by
            self.go_to(numbers[(at + by) % len(numbers)])

    def to_next_undecided(self, findings: Sequence[ReadFinding]) -> None:
        """To the next finding after this one that nobody has decided; stays where none is left."""
        after = [finding for finding in findings if finding.number > (self.finding or 0)]
        before = [finding for finding in findings if finding.number < (self.finding or 0)]
        waiting = next(
            (finding for finding in (*after, *before) if finding.verdict == "open"), None
        )
        if waiting is not None:
            self.go_to(waiting.number)

    def hear(self, crosshair: Crosshair | None, *, after: int = 0) -> None:
        """Take in where the reader went in the viewer, once for each report.

        Args:
            crosshair: the latest report.
            after: report of the viewer's latest action that was done; the reader went on from
                wherever they were before it.
        """
        if crosshair is None or crosshair.report == self.report or crosshair.report < after:
            return
        self.report = crosshair.report
        if crosshair.finding is None:
            self.click = crosshair
        else:
            self.finding, self.click = crosshair.finding, None

    def order_for_viewer(self) -> GoTo:
        """Return what the viewer must be told."""
        return {"finding": self.finding, "order": self.order}


def place_in(study_key: str, series_uid: str, findings: Sequence[ReadFinding]) -> Place:
    """Return the session's place in a series: the finding that the address names, or the first.

    So a reload, which begins a new session, comes back to the same finding.
    """
    key = f"place-{study_key}-{series_uid}"  # uploaded volume files share their UID: 0001
    if key not in st.session_state:
        numbers = [finding.number for finding in findings]
        named = st.query_params.get(FINDING, "")
        at_first = int(named) if named.isdecimal() and int(named) in numbers else None
        st.session_state[key] = Place(at_first or (numbers[0] if numbers else None))
    place: Place = st.session_state[key]
    return place


def keep_place(place: Place) -> None:
    """Write the finding on show into the address, so that a reload finds it again."""
    if place.finding is not None and st.query_params.get(FINDING) != str(place.finding):
        st.query_params[FINDING] = str(place.finding)
