"""Installing what a gate kept back: by a person's own decision, with the reason in the trail."""

from __future__ import annotations

from medical.plain_text import one_line
from medical.store.audit import record
from medical.store.database import Store

MAX_REASON = 80
"""Characters: an entry of the trail is short."""


def record_decision(store: Store, name: str, reason: str, *, actor: str) -> None:
    """Enter the decision in the audit trail, before the model is installed.

    Args:
        store: the site's.
        name: of the model.
        reason: at most ``MAX_REASON`` characters; of the model, not of a patient.
        actor: who decides.
    """
    subject = f"{name} {one_line(reason)}"[:100]
    with store.transaction() as session:
        record(session, actor=actor, action="install-by-decision", subject=subject)
