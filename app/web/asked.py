"""What a reader has asked for and is not yet done: each step once, whatever comes between.

Streamlit ends a button's or a component's callback, where it next touches the session, as soon as
another request has come in: what the callback had left to do is lost. So a callback only notes its
step here, which nothing ends, and the next picture of the page does it before anything is drawn. A
step that is ended there is begun again, unless it has written. A button that is pressed twice
before the page has answered is one step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import streamlit as st

_KEY = "steps-asked"


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Args:
        act: does it; calls `Asked.written` as soon as the store holds it.
        report: number of the viewer's action; 0 for a button's.
        press: names the button as it was drawn; empty where each press counts.
    """

    act: Callable[[], object]
    report: int = 0
    press: str = ""


@dataclass(slots=True)
class Asked:
    """One session's steps.

    Args:
        steps: not yet done, in order.
        report: the viewer's latest action that was done.
        pressed: buttons, as they were drawn, whose step has written.
        signing: key of the study whose dialog before signing is open; empty where none is.
        managing: key of the study whose dialog of the worklist is open; empty where none is.
        way_on: from which study to which the reader goes next; from none where one is on no study.
    """

    steps: list[Step] = field(default_factory=list)
    report: int = 0
    pressed: set[str] = field(default_factory=set)
    signing: str = ""
    managing: str = ""
    way_on: tuple[str, str] | None = None

    def note(self, act: Callable[[], object], *, report: int = 0, press: str = "") -> None:
        """Note a step; an action or a press that was noted or has written is left alone."""
        noted = max((step.report for step in self.steps), default=0)
        again = press and (press in self.pressed or any(s.press == press for s in self.steps))
        if not again and (report == 0 or report > max(noted, self.report)):
            self.steps.append(Step(act, report, press))

    def on_press(self, button: str, act: Callable[[], object]) -> Callable[[], None]:
        """Return the callback of a button as it is drawn now.

        Args:
            button: tells it from all others, with what it is about.
            act: see `Step`.
        """
        return partial(self.note, act, press=f"{button} {len(self.pressed)}")

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
            if self.steps[0].press:
                self.pressed.add(self.steps[0].press)
            self._end(self.steps[0])

    def ask_to_sign(self, study: str) -> None:
        """Open the dialog before signing on the next picture of the page."""
        self.signing = study

    def manage(self, study: str) -> None:
        """Open the worklist's dialog of a study."""
        self.managing = study

    def close_dialog(self) -> None:
        """Close whichever is open: the reader did what it offers, or changed their mind."""
        self.signing = self.managing = ""

    def go_on(self, study: str, following: str) -> None:
        """Go from a study to the next one, before anything of it is drawn again."""
        self.way_on = study, following

    def next_study(self, shown: str) -> str | None:
        """Return where to go from the study on show; forget what began elsewhere.

        It is known until another study is on show: whatever ends the run that goes there, the
        next one goes. A dialog does not outlive the page that it was opened on.
        """
        if self.way_on is not None and self.way_on[0] != shown:
            self.way_on = None
        if self.signing != shown:
            self.signing = ""
        if shown:
            self.managing = ""
        return None if self.way_on is None else self.way_on[1]

    def _end(self, step: Step) -> None:
        if self.steps and self.steps[0] is step:
            del self.steps[0]
            self.report = max(self.report, step.report)


def steps_asked() -> Asked:
    """Return this session's steps."""
    asked: Asked = st.session_state.setdefault(_KEY, Asked())
    return asked
