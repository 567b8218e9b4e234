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
    """

    steps: list[Step] = field(default_factory=list)
    report: int = 0

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

    def _end(self, step: Step) -> None:
        if self.steps and self.steps[0] is step:
            del self.steps[0]
            self.report = max(self.report, step.report)


def steps_asked() -> Asked:
    """Return this session's steps."""
    asked: Asked = st.session_state.setdefault(_KEY, Asked())
    return asked
