"""The store's refusals in the reader's language."""

from __future__ import annotations

from app.web.words import STATES, VERDICTS, gettext, words
from medical.report.terms import rejection_reason
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


def refusal(error: ReviewRefusedError) -> str:
    """One sentence: who did what, and what to do now."""
    match error:
        case DecidedMeanwhileError():
            reason = rejection_reason(error.reason, words())
            why = f" ({reason})" if reason else ""
            said = words().among(VERDICTS, error.verdict) + why
            return gettext(
                "Finding {number} has meanwhile been {verdict} by {name}, {at}. Your "
                "decision was not saved: review theirs, then decide again.",
                number=error.number,
                verdict=said,
                name=error.actor,
                at=moment(error.at),
            )
        case SignedError():
            return gettext(
                "This study was signed by {name}, {at}, and can no longer be "
                "changed. An administrator can open it again.",
                name=error.actor,
                at=moment(error.at),
            )
        case UndecidedError():
            return gettext(
                "Not signed: accept or reject finding {numbers} first.",
                numbers=", ".join(map(str, error.numbers)),
            )
        case UnmeasuredError():
            return gettext(
                "Finding {number} has no size because the model could not outline it. "
                "Enter your own diameter, then accept it.",
                number=error.number,
            )
        case ChangedMeanwhileError():
            return gettext(
                "Not signed: another reader has changed this study in the meantime. "
                "Review the changes, then sign again."
            )
        case NotReadyError():
            return gettext(
                "This study cannot be read now: it is {state}. Wait until it is ready.",
                state=words().among(STATES, error.status),
            )
    return str(error)
