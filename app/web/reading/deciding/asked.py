"""What a reader has asked for and is not yet done: each step once, whatever comes between.

Streamlit ends a button's or a component's callback, where it next touches the session, as soon as
another request has come in: what the callback had left to do is lost. So a callback only notes its
step here, which nothing ends, and the next picture of the page does it before anything is drawn. A
step that is ended there is begun again, unless it has written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

_KEY = "steps-asked"


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Args:
        act: does it; calls `Asked.written` as soon as the store holds it.
        report: number of the viewer's action; 0 for a button's.
    """

    act: Callable[[], object]
    report: int = 0


@dataclass(slots=True)
class Asked:
    """One session's steps.

    Args:
        steps: not yet done, in order.
        report: the viewer's latest action that was done.
        signing: the dialog before signing is open.
        way_on: from which study to which the reader goes next.
    """

    steps: list[Step] = field(default_factory=list)
    report: int = 0
    signing: bool = False
    way_on: tuple[str, str] | None = None

    def note(self, act: Callable[[], object], *, report: int = 0) -> None:
        """Note a step; an action of the viewer that was noted before is left alone."""
        noted = max((step.report for step in self.steps), default=0)
        if report == 0 or report > max(noted, self.report):
            self.steps.append(Step(act, report))

    def do(self) -> None:
        """Do all that was noted. A step that fails is not begun again."""
        while self.steps:
            step = self.steps[0]
            try:
                step.act()
            except Exception:
                self._end(step)
                raise
            self._end(step)

    def written(self) -> None:
        """Say that the step which is being done stands in the store, so it is never begun again."""
        if self.steps:
            self._end(self.steps[0])

    def ask_to_sign(self) -> None:
        """Open the dialog before signing on the next picture of the page."""
        self.signing = True

    def close_dialog(self) -> None:
        """Close it: the reader signed, or changed their mind."""
        self.signing = False

    def go_on(self, study: str, following: str) -> None:
        """Go from a study to the next one, before anything of it is drawn again."""
        self.way_on = study, following

    def next_study(self, shown: str) -> str | None:
        """Return where to go from the study on show; forget a way that began elsewhere.

        It is known until another study is on show: whatever ends the run that goes there, the
        next one goes.
        """
        if self.way_on is not None and self.way_on[0] != shown:
            self.way_on, self.signing = None, False
        return None if self.way_on is None else self.way_on[1]

    def _end(self, step: Step) -> None:
        if self.steps and self.steps[0] is step:
            del self.steps[0]
            self.report = max(self.report, step.report)


def steps_asked() -> Asked:
    """Return this session's steps."""
    asked: Asked = st.session_state.setdefault(_KEY, Asked())
    return asked
