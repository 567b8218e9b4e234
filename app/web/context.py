"""What the page and the server's routes share within one process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings
from app.web.jobs import JobQueue
from app.web.tokens import VolumeTokens
from app.web.volumes import VolumeStore


@dataclass(frozen=True, slots=True)
class WebContext:
    """Settings, served volumes, scoring queue, and what to show first."""

    settings: Settings
    volumes: VolumeStore
    jobs: JobQueue
    open_path: Path | None = None


_current: WebContext | None = None


def start_context(settings: Settings, *, open_path: Path | None = None) -> WebContext:
    """Make the context of this process; the page finds it by `context`."""
    global _current
    tokens = VolumeTokens(life_seconds=settings.volume_url_minutes * 60)
    _current = WebContext(settings, VolumeStore(tokens), JobQueue(settings), open_path)
    return _current


def context() -> WebContext:
    """The context that the server made.

    Raises:
        RuntimeError: the page was not started by StarLung's server.
    """
    if _current is None:
        raise RuntimeError("StarLung's page runs only on its own server: `starlung serve`.")
    return _current
