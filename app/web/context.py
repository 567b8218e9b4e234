"""What the pages and the server's routes share within one process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings
from app.web.helpers import Helpers
from app.web.tokens import VolumeTokens
from app.web.volumes import VolumeStore
from medical.store.database import Store, open_store


@dataclass(frozen=True, slots=True)
class WebContext:
    """Settings, served volumes, the store, helpers, and which study to show first."""

    settings: Settings
    volumes: VolumeStore
    store: Store
    helpers: Helpers
    first_study: str | None = None
    opening_error: str = ""

    @property
    def studies_folder(self) -> Path:
        """Where results of the queue go."""
        return (self.settings.work_dir / "studies").resolve()


_current: WebContext | None = None


def start_context(settings: Settings, *, open_path: Path | None = None) -> WebContext:
    """Make the context of this process; the page finds it by `context`.

    Raises:
        InputError: the store cannot be opened.
    """
    from app.web.opening import open_first

    global _current
    tokens = VolumeTokens(life_seconds=settings.volume_url_minutes * 60)
    volumes = VolumeStore(tokens, revalidate=settings.login_configured)
    store = open_store(settings.address_of_store())
    key, error = open_first(store, settings, open_path) if open_path else (None, "")
    _current = WebContext(settings, volumes, store, Helpers(settings), key, error)
    return _current


def context() -> WebContext:
    """The context that the server made.

    Raises:
        RuntimeError: the page was not started by StarLung's server.
    """
    if _current is None:
        raise RuntimeError("StarLung's page runs only on its own server: `starlung serve`.")
    return _current
