"""Why a reader's action was refused: typed, each with one sentence for the reader."""

from __future__ import annotations

from medical.i18n.messages import Message, message
from medical.i18n.moments import Moment
from medical.review.terms import STATES, VERDICTS, known_reason
from medical.store.tables import Status, Verdict


class ReviewRefusedError(Exception):
    """Nothing was written; the sentence says why, and what to do.

    Args:
        sentence: for the reader, in any language.
    """

    def __init__(self, sentence: Message) -> None:
        self.sentence = sentence
        super().__init__(str(sentence))


class DecidedMeanwhileError(ReviewRefusedError):
    """Somebody else decided about this finding after it was shown."""

    def __init__(self, number: int, verdict: Verdict, actor: str, at: float, reason: str) -> None:
        decided: Message = VERDICTS[verdict]
        if reason:
            decided = message("{text} ({note})", text=decided, note=known_reason(reason))
        super().__init__(
            message(
                "Finding {number} has meanwhile been {verdict} by {name}, {at}. Your decision was "
                "not saved: review theirs, then decide again.",
                number=number,
                verdict=decided,
                name=actor,
                at=Moment.of(at),
            )
        )


class SignedError(ReviewRefusedError):
    """The study is signed and stays as it is."""

    def __init__(self, actor: str, at: float) -> None:
        super().__init__(
            message(
                "This study was signed by {name}, {at}, and can no longer be changed. An "
                "administrator can open it again.",
                name=actor,
                at=Moment.of(at),
            )
        )


class UndecidedError(ReviewRefusedError):
    """A study cannot be signed before every finding is decided."""

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers
        listed = ", ".join(map(str, numbers))
        super().__init__(message("Review the remaining findings first: {numbers}", numbers=listed))


class UnmeasuredError(ReviewRefusedError):
    """The model outlined nothing there, so only a reader's own diameter can be reported."""

    def __init__(self, number: int) -> None:
        super().__init__(not_outlined(number))


class ChangedMeanwhileError(ReviewRefusedError):
    """The study changed after it was shown, so the signature would cover what nobody saw."""

    def __init__(self) -> None:
        super().__init__(
            message(
                "Not signed: another reader has changed this study in the meantime. Review the "
                "changes, then sign again."
            )
        )


class DeletedError(ReviewRefusedError, KeyError):
    """The study is not there: an administrator deleted it after it was shown."""

    def __init__(self) -> None:
        super().__init__(
            message("This study has been deleted. Nothing was saved: go back to the worklist.")
        )


class NotReadyError(ReviewRefusedError):
    """The study cannot be read in its present state."""

    def __init__(self, status: Status) -> None:
        super().__init__(
            message(
                "This study cannot be read now: it is {state}. Wait until it is ready.",
                state=STATES[status],
            )
        )


def not_outlined(number: int) -> Message:
    """Say what a reader must do about a finding without a size."""
    return message(
        "Finding {number} has no size because the model could not outline it. Enter your own "
        "diameter, then accept it.",
        number=number,
    )
