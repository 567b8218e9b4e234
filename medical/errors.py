"""Errors that a user can cause and mend."""

from __future__ import annotations

from pathlib import Path


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
