"""Which program made a model: the card names its version and, in a checkout, its commit."""

from __future__ import annotations

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def program_version() -> str:
    """``starlung 0.1.0, commit 1a2b3c4d5e6f (changed)``; the commit only where git knows it."""
    try:
        said = f"starlung {version('starlung')}"
    except PackageNotFoundError:
        said = "starlung, version unknown"
    here = Path(__file__).parent
    if (commit := _git(here, "rev-parse", "--short=12", "HEAD")) is None:
        return said
    changed = " (changed)" if _git(here, "status", "--porcelain", "-uno") else ""
    return f"{said}, commit {commit}{changed}"


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        # a checkout that merely holds an environment with StarLung in it is not StarLung's
        if "site-packages" in folder.parts:
            return None
        ended = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout.strip() if ended.returncode == 0 else None
