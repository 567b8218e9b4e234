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
        language: of the page. A choice comes back from the browser as the words that it shows, so
            widgets of two languages are two widgets; the draft is one.
    """

    finding_id: int
    version: int
    language: str

    def key(self, name: str) -> str:
        """Return the widget's key."""
        return f"{name}-{self.finding_id}-{self.language}"

    def _typed(self, name: str) -> str:
        return f"draft-{name}-{self.finding_id}"

    def offer(self, name: str, default: Any) -> str:
        """Call before the widget is drawn, which gets no default of its own; returns its key."""
        key, state = self.key(name), st.session_state
        if (typed := self._typed(name)) in state:
            state.setdefault(key, state[typed])
        elif key not in state or state.get(f"seen-{key}") != self.version:
            state[key] = default
        state[f"seen-{key}"] = self.version
        return key

    def note(self, name: str) -> None:
        """Keep what the widget holds; its ``on_change``."""
        st.session_state[self._typed(name)] = st.session_state[self.key(name)]

    def rephrase(self, name: str, text: str) -> None:
        """Say what was typed in this page's language; nothing where nothing was typed."""
        if self._typed(name) in st.session_state:
            st.session_state[self._typed(name)] = text

    def value(self, name: str, default: Any) -> Any:
        """Return what stands in the field; ``default`` where it was not drawn."""
        typed = st.session_state.get(self._typed(name), default)
        return st.session_state.get(self.key(name), typed)

    def drop(self) -> None:
        """Forget all fields: what was typed is saved."""
        for name in NAMES:
            key = self.key(name)
            for one in (key, f"seen-{key}", self._typed(name)):
                st.session_state.pop(one, None)
