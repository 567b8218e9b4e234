"""Errors that a user can cause and mend."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from medical.i18n.messages import Message, message

if TYPE_CHECKING:
    from pydantic import ValidationError


class InputError(Exception):
    """An input that cannot be used: which one, what is wrong and what to do, on one line.

    Args:
        path: the file, folder or address, as the user named it.
        problem: what is wrong, no full stop; a message where a page can show it.
        remedy: what the user can do, no full stop; a message likewise.
        names: names of files inside ``path`` that ``problem`` quotes; they may hold a patient's.
    """

    def __init__(
        self, path: Path | str, problem: str, remedy: str, *, names: tuple[str, ...] = ()
    ) -> None:
        self.path = Path(path)
        # a path would take one slash of an address away
        self._named = path if isinstance(path, str) and "://" in path else str(self.path)
        self.names = names
        self.problem = _on_one_line(problem)
        self.remedy = _on_one_line(remedy)
        super().__init__(str(self.sentence))

    def __reduce__(self) -> tuple[object, ...]:
        """Let another process hand it over."""
        again = partial(type(self), names=self.names)
        return again, (self._named, self.problem, self.remedy)

    @property
    def sentence(self) -> Message:
        """The whole error, to be said in any language."""
        parts = {"path": self._named, "problem": self.problem, "remedy": self.remedy}
        return message("{path}: {problem}. {remedy}.", **parts)

    @property
    def sentence_without_path(self) -> Message:
        """The error for somebody who may not know the folders of this machine."""
        return message("{problem}. {remedy}.", problem=self.problem, remedy=self.remedy)


def _on_one_line(text: str) -> str:
    return text.on_one_line() if isinstance(text, Message) else " ".join(text.split())


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
