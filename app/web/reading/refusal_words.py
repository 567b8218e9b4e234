"""The store's refusals in the reader's language."""

from __future__ import annotations

from app.web.words import Words
from medical.report.words.reasons import reason_in
from medical.review.refusals import (
    ChangedMeanwhileError,
    DecidedMeanwhileError,
    NotReadyError,
    ReviewRefusedError,
    SignedError,
    UndecidedError,
    UnmeasuredError,
    moment,
)


def refusal(error: ReviewRefusedError, words: Words) -> str:
    """One sentence: who did what, and what to do now."""
    match error:
        case DecidedMeanwhileError():
            reason = reason_in(error.reason, chinese=words.language == "zh")
            why = f" ({reason})" if reason else ""
            said = words(f"verdict_{error.verdict}") + why
            return words(
                "decided_meanwhile",
                number=error.number,
                verdict=said,
                name=error.actor,
                at=moment(error.at),
            )
        case SignedError():
            return words("already_signed", name=error.actor, at=moment(error.at))
        case UndecidedError():
            return words("undecided", numbers=", ".join(map(str, error.numbers)))
        case UnmeasuredError():
            return words("unmeasured", number=error.number)
        case ChangedMeanwhileError():
            return words("changed_meanwhile")
        case NotReadyError():
            return words("not_ready", state=words(f"state_{error.status}"))
    return str(error)
