"""Errors that a user can cause and mend."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class InputError(Exception):
    """An input that cannot be used: which one, what is wrong and what to do, on one line.

    Args:
        path: the file or folder, as the user named it.
        problem: what is wrong, no full stop.
        remedy: what the user can do, no full stop.
        names: names of files inside ``path`` that ``problem`` quotes; they may hold a patient's.
    """

    def __init__(
        self, path: Path | str, problem: str, remedy: str, *, names: tuple[str, ...] = ()
    ) -> None:
        self.path = Path(path)
        self.names = names
        self.problem = " ".join(problem.split())
        self.remedy = " ".join(remedy.split())
        super().__init__(f"{self.path}: {self.problem}. {self.remedy}.")


def sentence_of(error: ValidationError) -> str:
    """Say what is wrong with a configuration, in words of the command's options; no full stop.

    The last name in the error's place is the option: ``--patch must be a multiple of 16, got 50``.
    """
    first = error.errors()[0]
    reason = first["msg"].removeprefix("Value error, ")
    names = [part for part in first["loc"] if isinstance(part, str)]
    if not names or first["type"] == "value_error":
        return reason
    wants = re.sub(r"^Input should be (?:a )?valid", "must be a valid", reason)
    wants = re.sub(r"^Input should be", "must be", wants)
    if first["type"] == "extra_forbidden":
        return f"{'.'.join(names)} is unknown"
    return f"--{names[-1].replace('_', '-')} {wants}, got {first['input']}"
