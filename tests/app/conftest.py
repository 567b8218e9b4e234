"""What the tests of the application share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import streamlit as st

from medical.i18n.catalogue import Language


@pytest.fixture
def read_in() -> Iterator[Callable[[Language], None]]:
    """Choose the page's language where a piece of it is made outside of Streamlit."""

    def choose(language: Language) -> None:
        st.session_state["language"] = language

    yield choose
    st.session_state.pop("language", None)
