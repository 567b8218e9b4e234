from __future__ import annotations

import re
from typing import get_args

from app.web.words import CATALOGUE, Words
from app.web.worklist.worklist_rows import STAGES
from medical.nodule.density_kinds import Density
from medical.store.tables import STATUSES, VERDICTS


def blanks(text: str) -> list[str]:
    """Names of a text's blanks; a plural's choice of forms is none."""
    return sorted(set(re.findall(r"{(\w+)[^}|]*}", text)))


def test_both_languages_fill_the_same_blanks() -> None:
    assert [
        word
        for word, (english, chinese) in CATALOGUE.items()
        if not (english and chinese) or blanks(english) != blanks(chinese)
    ] == []


def test_chinese_is_chinese() -> None:
    names = {"product", "earlier_by", "lung_rads", "fleischner"}
    assert [
        word
        for word, (english, chinese) in CATALOGUE.items()
        if word not in names and re.search(r"[a-z]{3}", english) and chinese == english
    ] == []


def test_every_stage_has_words() -> None:
    assert all(Words("zh")(f"stage_{stage}") for stage in STAGES)


def test_every_state_and_verdict_has_words() -> None:
    names = [f"state_{one}" for one in STATUSES] + [f"verdict_{one}" for one in VERDICTS]
    assert all(Words("zh")(name) for name in names)


def test_locations_are_translated() -> None:
    assert Words("zh").location("left upper zone") == "左上区"
    assert Words("en").location("left upper zone") == "left upper zone"


def test_each_density_has_its_words() -> None:
    for density in get_args(Density):
        assert Words("en")(density)
        assert re.search("[\u4e00-\u9fff]", Words("zh")(density))
