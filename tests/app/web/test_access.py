"""Every entry, with every role: what one may do is decided in one place, and every entry asks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.web.navigation import PAGES
from app.web.security.identity import ACTIONS, Action, NotAllowedError, Reader, may, need

ROOT = Path(__file__).parents[3]
NOBODY = None
READER = Reader("anna", administrator=False)
BOSS = Reader("boss", administrator=True)
ONLY_BOSS: set[Action] = {
    *("reopen", "name_folder", "adopt_result", "delete"),
    *("see_model", "see_drift", "see_retraining", "see_trail"),
}
FOR_ALL_READERS = set(ACTIONS) - ONLY_BOSS


@pytest.mark.parametrize("action", ACTIONS)
def test_each_deed_with_each_role(action: Action) -> None:
    assert not may(NOBODY, action)
    assert may(READER, action) == (action in FOR_ALL_READERS)
    assert may(BOSS, action)


@pytest.mark.parametrize("name", PAGES)
def test_each_page_asks_for_a_deed_of_its_own(name: str) -> None:
    _, _, action, _ = PAGES[name]
    assert [value for _, _, value, _ in PAGES.values()].count(action) == 1
    with pytest.raises(NotAllowedError):
        need(NOBODY, action)
    need(BOSS, action)
    if name in ("worklist", "reading"):
        need(READER, action)
    else:
        with pytest.raises(NotAllowedError):
            need(READER, action)


STORE = ("medical/store", "medical/review")


def functions(*folders: str) -> Iterator[tuple[Path, ast.FunctionDef]]:
    for path in sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield path, node


def plain_calls(node: ast.AST) -> set[str]:
    called = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
    return {part.id for part in called if isinstance(part, ast.Name)}


def calls(node: ast.AST) -> set[str]:
    called = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
    return plain_calls(node) | {part.attr for part in called if isinstance(part, ast.Attribute)}


def imported(path: Path, *packages: str) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {
        name.name
        for node in froms
        if (node.module or "").startswith(packages)
        for name in node.names
    }


def writers() -> set[str]:
    """What changes the store: every function there that writes to the audit trail."""
    known = {(path, node.name): plain_calls(node) for path, node in functions(*STORE)}
    called = {"record"}
    while more := {name for (_, name), made in known.items() if made & called} - called:
        called |= more
    # `worker` does these, whom nobody asks for by the page
    return called - {"record", "claim", "finish", "give_back", "give_up"}


NOTED_BY_WHAT_ASKED_BEFORE = {
    "note_opened",  # drawn by the reading page, which asks for read_study
    "note_exported",  # called for a signed address that only the reading page hands out
}
ALSO_DEEDS = {"prepare_images", "read_evaluation"}
"""Reads a folder that somebody named; the same."""
ASKS = {"allowed", "need", "may"}
ASKED_BY_ITS_CALLER = {
    ("opening.py", "open_first"),  # at the command line
    ("intake_panel.py", "queue_input"),  # `_sample` and `_upload` ask
    ("reading_panel.py", "images_of"),  # names the study's own source, not what somebody typed
}


def test_there_are_deeds_to_ask_about() -> None:
    assert {"sign", "reopen", "decide", "add_finding", "enqueue", "try_again"} <= writers()


def test_every_function_of_the_pages_that_does_something_asks() -> None:
    doing = (writers() | ALSO_DEEDS) - NOTED_BY_WHAT_ASKED_BEFORE
    asked, missing = 0, []
    for path, node in functions("app/web"):
        actions = imported(path, "medical.store", "medical.review") | ALSO_DEEDS
        made = calls(node) & doing & actions
        if not made:
            continue
        if ASKS & calls(node) or (path.name, node.name) in ASKED_BY_ITS_CALLER:
            asked += 1
        else:
            missing.append(f"{path.name} {node.name}: {sorted(made)}")
    assert not missing
    assert asked >= 10


def test_every_box_in_which_a_path_is_typed_is_an_administrator_s() -> None:
    missing = []
    for path, node in functions("app/web"):
        made = calls(node)
        if "text_input" in made and "Path" in made | {
            "Path" for w in made if w == "read_evaluation"
        }:
            text = ast.unparse(node)
            if "'name_folder'" not in text:
                missing.append(f"{path.name} {node.name}")
    assert not missing


def test_nothing_else_decides_who_administrates() -> None:
    called = [
        path.name
        for path in (ROOT / "app" / "web").rglob("*.py")
        if ".administrator" in path.read_text("utf-8")
    ]
    assert sorted(called) == ["identity.py"]  # there it chooses a word
