"""What a reader typed about one finding and has not saved: kept while other findings are looked at.

Streamlit forgets a widget that is not drawn. A draft survives that, and somebody else's faster
decision; where nothing was typed the widget shows what the decision that holds says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

NAMES = (
    *("reason", "size", "density", "solid", "calcification"),
    *("history", "prior_category", "comment"),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """One finding's fields.

    Args:
        finding_id: the finding's row.
        version: of its latest decision.
    """

    finding_id: int
    version: int

    def key(self, name: str) -> str:
        """The widget's key."""
        return f"{name}-{self.finding_id}"

    def offer(self, name: str, default: Any) -> str:
        """Call before the widget is drawn, which gets no default of its own; returns its key."""
        key, state = self.key(name), st.session_state
        if (typed := f"draft-{key}") in state:
            state.setdefault(key, state[typed])
        elif key not in state or state.get(f"seen-{key}") != self.version:
            state[key] = default
        state[f"seen-{key}"] = self.version
        return key

    def note(self, name: str) -> None:
        """The widget's ``on_change``."""
        key = self.key(name)
        st.session_state[f"draft-{key}"] = st.session_state[key]

    def value(self, name: str, default: Any) -> Any:
        """What stands in the field; ``default`` where it was not drawn."""
        key = self.key(name)
        return st.session_state.get(key, st.session_state.get(f"draft-{key}", default))

    def drop(self) -> None:
        """Forget all fields: what was typed is saved."""
        for name in NAMES:
            for kind in ("", "draft-", "seen-"):
                st.session_state.pop(f"{kind}{self.key(name)}", None)
