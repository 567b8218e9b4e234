"""Write what a reader decides about findings: one, all that are left, or the last taken back."""

from __future__ import annotations

from collections.abc import Sequence

from app.web.asked import steps_asked
from app.web.context import context
from app.web.failures import not_saved
from app.web.reading.deciding.decision_fields import Draft, assessment_of
from app.web.reading.place import Place
from app.web.security.identity import Reader, allowed
from app.web.session import tell
from app.web.words import gettext, page_language
from medical.nodule.guidelines.assessment import Assessment
from medical.review.decisions import NewDecision
from medical.review.reading import ReadFinding, StudyReading, read_study
from medical.review.refusals import DeletedError, ReviewRefusedError
from medical.review.reviews import decide, decide_all
from medical.store.database import StoreUnavailableError
from medical.store.tables import Decision, Verdict


def save(
    shown: ReadFinding,
    place: Place,
    reader: Reader,
    study_key: str,
    verdict: Verdict,
    *,
    seen_version: int | None = None,
    reason: str = "",
    go_on: bool = True,
) -> bool:
    """Save one decision with what stands in the finding's fields; whether it was saved.

    Args:
        shown: what the reader saw when deciding, not what the store says now.
        place: of the reader.
        reader: who decides.
        study_key: of the study.
        verdict: what is decided.
        seen_version: of the finding on the reader's screen; that of ``shown`` where not given.
        reason: for a rejection; that of the field where not given.
        go_on: send the viewer to the next finding that nobody has decided.
    """
    allowed("decide")
    store, asked, latest = context().store, steps_asked(), shown.latest
    draft = Draft(shown.id, shown.version, page_language())
    reason = reason or (draft.value("reason", None) or "").strip()
    if verdict == "rejected" and not reason:
        tell(gettext("Not rejected: enter a reason first."))
        return False
    # A key may decide before the fields were drawn: they would show what the latest decision says.
    new = NewDecision(
        verdict,
        reason=reason if verdict == "rejected" else "",
        comment=draft.value("comment", latest.comment if latest else "") or "",
        diameter_mm=draft.value("size", latest.diameter_mm if latest else None),
        assessment=assessment_of(draft, shown),
    )
    seen = shown.version if seen_version is None else seen_version
    try:
        decide(store, shown.id, new, seen_version=seen, actor=reader.name, study_key=study_key)
        asked.written()
        place.decided.append([shown.id])
        if verdict != "open" and go_on:
            place.to_next_undecided(read_study(store, study_key).of_series(shown.series_uid))
    except (ReviewRefusedError, StoreUnavailableError) as error:
        tell(not_saved(error))
        return False
    draft.drop()
    return True


def reject_rest(
    reading: StudyReading, findings: Sequence[ReadFinding], place: Place, reader: Reader
) -> None:
    """Reject all findings of a series that nobody has decided, for the reason of the one shown."""
    allowed("decide")
    store, asked = context().store, steps_asked()
    rest = [finding for finding in findings if finding.verdict == "open"]
    shown = next((finding for finding in findings if finding.number == place.finding), rest[0])
    shown_draft = Draft(shown.id, shown.version, page_language())
    reason = (shown_draft.value("reason", None) or "").strip()
    if not reason:
        tell(gettext("Not rejected: enter a reason first."))
        return
    decisions = []
    for finding in rest:
        draft = Draft(finding.id, finding.version, page_language())
        new = NewDecision(
            "rejected",
            reason=reason,
            comment=draft.value("comment", "") or "",
            diameter_mm=draft.value("size", None),
            assessment=assessment_of(draft, finding),
        )
        decisions.append((finding.id, new, finding.version))
    try:
        decide_all(store, decisions, actor=reader.name, study_key=reading.study.key)
        asked.written()
        place.decided.append([finding.id for finding in rest])
    except (ReviewRefusedError, StoreUnavailableError) as error:
        tell(not_saved(error))
        return
    for finding in rest:
        Draft(finding.id, finding.version, page_language()).drop()


def undo(study_key: str, place: Place, reader: Reader) -> None:
    """Take the reader's last step back: the findings stand again as they stood before it."""
    allowed("decide")
    if not place.decided:
        tell(gettext("There is nothing to undo."))
        return
    store, asked, rows = context().store, steps_asked(), place.decided[-1]
    try:
        now = read_study(store, study_key).findings
    except KeyError:
        tell(not_saved(DeletedError()))
        return
    findings = [finding for finding in now if finding.id in rows]
    if any(finding.latest is None or finding.latest.actor != reader.name for finding in findings):
        place.decided.pop()
        tell(gettext("Not undone: another reader has decided since."))
        return
    steps = [
        (finding.id, before(finding.decisions), finding.version)
        for finding in findings
        if finding.decisions
    ]
    try:
        decide_all(store, steps, actor=reader.name, study_key=study_key)
        asked.written()
        place.decided.pop()
    except (ReviewRefusedError, StoreUnavailableError) as error:
        tell(not_saved(error))
        return
    if findings:
        place.go_to(findings[0].number)


def before(decisions: Sequence[Decision]) -> NewDecision:
    """Return the decision that held before the last one, to be written once more."""
    if len(decisions) < 2:
        return NewDecision("open")
    earlier = decisions[-2]
    return NewDecision(
        earlier.verdict,
        reason=earlier.reason,
        comment=earlier.comment,
        diameter_mm=earlier.diameter_mm,
        assessment=Assessment.from_json(earlier.assessment or ""),
    )
