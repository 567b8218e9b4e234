"""Why a reader's deed was not done: typed, each with one sentence for the reader."""

from __future__ import annotations

from datetime import UTC, datetime

from medical.store.tables import Verdict


def moment(at: float) -> str:
    """Format a time in seconds since 1970 as a reader reads it, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


class ReviewRefusedError(Exception):
    """Nothing was written; the message says why, and what to do."""


class DecidedMeanwhileError(ReviewRefusedError):
    """Somebody else decided about this finding after it was shown."""

    def __init__(self, number: int, verdict: Verdict, actor: str, at: float, reason: str) -> None:
        self.number, self.verdict, self.actor, self.at = number, verdict, actor, at
        self.reason = reason
        why = f" ({reason})" if reason else ""
        said = "set back to undecided" if verdict == "open" else verdict
        super().__init__(
            f"Finding {number} was meanwhile {said}{why} by {actor}, {moment(at)}. "
            "Your decision was not saved: look at theirs, then decide again."
        )


class SignedError(ReviewRefusedError):
    """The study is signed and stays as it is."""

    def __init__(self, actor: str, at: float) -> None:
        self.actor, self.at = actor, at
        super().__init__(
            f"This study was signed by {actor}, {moment(at)}, and can no longer be changed. "
            "An administrator can open it again."
        )


class UndecidedError(ReviewRefusedError):
    """A study cannot be signed before every finding is decided."""

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers
        listed = ", ".join(map(str, numbers))
        super().__init__(f"Not signed: accept or reject finding {listed} first.")


class UnmeasuredError(ReviewRefusedError):
    """The model outlined nothing there, so only a reader's own diameter can be reported."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(
            f"Finding {number} has no size: the model outlines nothing there. "
            "Enter your own diameter, then accept it."
        )


class ChangedMeanwhileError(ReviewRefusedError):
    """The study changed after it was shown, so the signature would cover what nobody saw."""

    def __init__(self) -> None:
        super().__init__(
            "Not signed: another reader changed this study meanwhile. "
            "Look at the changes, then sign again."
        )


class NotReadyError(ReviewRefusedError):
    """The study cannot be read in its present state."""

    def __init__(self, status: str) -> None:
        self.status = status
        super().__init__(f"This study cannot be read now: it is {status}. Wait until it is ready.")
