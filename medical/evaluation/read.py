"""Read an ``evaluation.json`` that somebody names: hostile until it is read."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from medical.errors import InputError
from medical.evaluation.result import Evaluation

LIMIT_BYTES = 1_000_000
_REMEDY = "Name a folder that 'starlung evaluate --out' wrote"


def read_evaluation(folder: Path) -> Evaluation:
    """Read the evaluation in a folder; only its numbers, never the pictures beside it.

    Args:
        folder: as somebody typed it; ``~`` is their home.

    Raises:
        InputError: there is none, it cannot be read, is larger than ``LIMIT_BYTES`` or holds
            anything else. The message repeats nothing from the file.
    """
    try:
        path = folder.expanduser() / "evaluation.json"
        if not path.is_file():  # a pipe or a device would never end
            raise InputError(folder, "holds no evaluation.json", _REMEDY)
        with path.open("rb") as file:
            content = file.read(LIMIT_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:
        problem = getattr(error, "strerror", None) or "not a path"
        raise InputError(folder, f"cannot be read ({problem})", _REMEDY) from error
    if len(content) > LIMIT_BYTES:
        size = f"{LIMIT_BYTES // 1_000_000} MB"
        raise InputError(path, f"is larger than {size}, so it is no evaluation", _REMEDY)
    try:
        return Evaluation.model_validate_json(content)
    except ValidationError as error:
        raise InputError(path, "is not what 'starlung evaluate' writes", _REMEDY) from error
