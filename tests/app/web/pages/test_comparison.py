"""The earlier CT that a reader chose stands in the address, so a reload comes back to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.web.context import context
from app.web.reading import prior_panel
from medical.results.search import result_folders
from medical.store.results import import_result
from tests.app.web.made_pair import write_made_pair
from tests.app.web.pages.conftest import OpenPage

COMPARE = "Compare with an earlier CT"


@pytest.fixture
def pair(open_page: OpenPage, tmp_path: Path) -> str:
    """Key of the later study; registrations are asked for, and no worker is there to do them."""
    keys = []
    for result in write_made_pair(tmp_path):
        scored = [folder.read_findings() for folder in result_folders(result)]
        keys.append(import_result(context().store, result, scored, actor="t"))
    return keys[0]


def chosen(tab: AppTest) -> object:
    return next(box for box in tab.selectbox if box.label == COMPARE).value


def test_a_reload_keeps_the_comparison(pair: str, open_page: OpenPage) -> None:
    page = open_page(key=pair)
    box = page.widget("selectbox", COMPARE)
    assert box.value is None
    box.select_index(0).run()
    page.expect_whole()
    assert chosen(page.tab) is not None
    query = dict(page.tab.query_params.items())
    assert prior_panel.COMPARE in query
    assert "/" not in query[prior_panel.COMPARE]
    again = open_page(key=pair, query=query)
    assert chosen(again.tab) == chosen(page.tab)
    again.press("Next (N)")
    assert chosen(again.tab) == chosen(page.tab)
    assert prior_panel.COMPARE in again.tab.query_params
