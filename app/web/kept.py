"""Widgets that keep their value from page to page: Streamlit forgets a widget with its page."""

from __future__ import annotations

import streamlit as st


def keep_widget(key: str, default: str) -> None:
    """Call before the widget with this key is drawn; the widget itself gets no default."""
    if key not in st.session_state:
        st.session_state[key] = st.session_state.get(f"kept-{key}", default)


def remember_widget(key: str) -> None:
    """Call after it is drawn."""
    st.session_state[f"kept-{key}"] = st.session_state[key]
