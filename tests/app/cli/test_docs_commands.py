"""Commands of README and docs exist as written; those that need no more than a CT are run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from app.cli.main import app
from tests.conftest import REPOSITORY
from tests.medical.scoring.small_chest import write_small_chest

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
RUN = (
    "starlung score INPUT --out DIR --format heatmap",
    "starlung queue add INPUT...",
    "starlung worker --until-empty",
    "starlung explain RESULT",
    "starlung queue list",
    "starlung queue verify",
    "starlung models list",
    "starlung models show starlung-lite",
)
FREE_TEXT = re.compile(r"\(.*|#.*")


def commands_of(page: Path) -> list[str]:
    """Lines of fenced blocks and whole inline code that begin with the program's name."""
    text = page.read_text("utf-8")
    fenced = re.findall(r"^```.*?\n(.*?)^```", text, re.M | re.S)
    lines = [line.removeprefix("$ ") for block in fenced for line in block.splitlines()]
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    texts = [FREE_TEXT.sub("", line).strip() for line in (*lines, *inline)]
    return [text for text in texts if text.startswith("starlung ")]


NAMED = sorted({command for page in PAGES for command in commands_of(page)})


def test_pages_name_commands() -> None:
    assert len(NAMED) > 20
    assert set(RUN) <= set(NAMED)


@pytest.mark.parametrize("command", NAMED)
def test_command_has_the_options_that_pages_give_it(command: str) -> None:
    root = typer.main.get_command(app)
    first, *alternatives = (part.strip() for part in command.split(" | "))
    group = first.split()[:2]
    for text in (first, *(" ".join((*group, alternative)) for alternative in alternatives)):
        words = shlex.split(text.replace("[", " ").replace("]", " "))[1:]
        command_itself: Any = root
        while words and (subcommands := getattr(command_itself, "commands", {})):
            name = words.pop(0)
            assert name in subcommands, f"{name} of: {text}"
            command_itself = subcommands[name]
        known = {option for parameter in command_itself.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, text


@pytest.mark.heavy
def test_commands_run_as_written(tmp_path: Path) -> None:
    write_small_chest(tmp_path / "INPUT.nii.gz", seed=1)
    places = {"INPUT": "INPUT.nii.gz", "INPUT...": "INPUT.nii.gz"}
    work = {"STARLUNG_WORK_DIR": str(tmp_path / "work"), "OMP_NUM_THREADS": "2"}
    for command in RUN:
        for result in (tmp_path / "work").rglob("findings.json"):
            places["RESULT"] = str(result.parent)
        words = [places.get(word, word) for word in command.split()[1:]]
        ended = subprocess.run(
            [sys.executable, "-m", "app.cli.main", *words],
            cwd=tmp_path,
            env=os.environ | work | {"PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, f"{command}: {ended.stderr}"
        assert "Traceback" not in ended.stderr
