"""Which version of StarLung runs here: every result, report and model card states it."""

from __future__ import annotations

import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@cache
def program_version() -> str:
    """Return the version, such as ``0.1.0`` or, in a git checkout, ``0.1.0+1a2b3c4d5e6f``.

    ``.changed`` follows the commit where tracked files differ from it; the version is ``unknown``
    where the package is not installed. The form is that of a PEP 440 local version.
    """
    try:
        release = version("starlung")
    except PackageNotFoundError:
        release = "unknown"
    here = Path(__file__).parent
    if (commit := _git(here, "rev-parse", "--short=12", "HEAD")) is None:
        return release
    changed = ".changed" if _git(here, "status", "--porcelain", "-uno") else ""
    return f"{release}+{commit}{changed}"


def _git(folder: Path, *arguments: str) -> str | None:
    # a checkout that merely holds an environment with StarLung in it is not StarLung's
    if "site-packages" in folder.parts:
        return None
    try:
        ended = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout.strip() if ended.returncode == 0 else None
