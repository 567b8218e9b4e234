from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
import typer
from rich.markup import render

from app.cli.main import app
from tests.app.cli.conftest import Run

HEAVY = ("torch", "monai", "openvino", "streamlit", "pandas", "matplotlib", "pydicom", "scipy")
COMMANDS = ("serve", "score", "evaluate", "retrain", "adapt", "doctor", "models")
_HELP = f"""
import sys
from app.cli.main import app
sys.argv = ["starlung", *{{arguments}}]
try:
    app()
except SystemExit as end:
    assert not end.code, end.code
print("LOADED", *(name for name in {HEAVY} if name in sys.modules))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["score", "--help"], ["models", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    program = _HELP.format(arguments=arguments)
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout.splitlines()[-1] == "LOADED"


def test_every_command_is_named(starlung: Run) -> None:
    shown = starlung("--help").stdout
    assert all(command in shown for command in COMMANDS)
    assert "Research use only" in shown


@pytest.mark.parametrize("command", [[], ["score"], ["models"], ["models", "list"], ["queue"]])
def test_a_short_flag_gives_help_everywhere(command: list[str], starlung: Run) -> None:
    assert starlung(*command, "-h").stdout == starlung(*command, "--help").stdout


def test_the_version_is_the_package_s(starlung: Run) -> None:
    shown = starlung("--version")
    assert shown.exit_code == 0
    assert shown.stdout == f"starlung {version('starlung')}\n"


def _texts(command: Any) -> Iterator[str]:
    yield command.help or ""
    yield from (getattr(parameter, "help", None) or "" for parameter in command.params)
    for below in getattr(command, "commands", {}).values():
        yield from _texts(below)


def test_help_loses_no_word_in_brackets() -> None:
    """Rich takes ``[node]`` for a style and leaves it out."""
    texts = list(_texts(typer.main.get_command(app)))
    assert len(texts) > 100
    assert [text for text in texts if render(text).plain != text] == []
