from __future__ import annotations

import re

import pytest

from app.web import words as catalogue
from app.web.words import Words
from app.web.worklist_rows import STAGES
from medical.store.tables import STATUSES, VERDICTS


@pytest.mark.parametrize("word", sorted(catalogue._CATALOGUE))
def test_both_languages_fill_the_same_blanks(word: str) -> None:
    english, chinese = catalogue._CATALOGUE[word]
    assert english and chinese
    assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", chinese))


def test_every_stage_has_words() -> None:
    assert all(Words("zh")(f"stage_{stage}") for stage in STAGES)


def test_every_state_and_verdict_has_words() -> None:
    names = [f"state_{one}" for one in STATUSES] + [f"verdict_{one}" for one in VERDICTS]
    assert all(Words("zh")(name) for name in names)


def test_locations_are_translated() -> None:
    assert Words("zh").location("left upper zone") == "左上区"
    assert Words("en").location("left upper zone") == "left upper zone"
