"""What the pages and the server's routes share within one process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings
from app.site_store import open_site_store
from app.web.routes.changes import Changes
from app.web.routes.reports import Reports
from app.web.routes.volumes import VolumeStore
from app.web.security.browsers import Logins
from app.web.security.secrets import AddressTokens
from medical.store.database import Store
from models.zoo.card import ModelCard
from models.zoo.loader import list_models


@dataclass(frozen=True, slots=True)
class WebContext:
    """Settings, what is served beside the pages, the store, the study to show first."""

    settings: Settings
    volumes: VolumeStore
    changes: Changes
    reports: Reports
    logins: Logins
    store: Store
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
    from app.web.views.intake import open_first

    global _current
    life_seconds = settings.volume_url_minutes * 60
    tokens = AddressTokens(life_seconds=life_seconds)
    volumes = VolumeStore(tokens, revalidate=settings.login_configured)
    changes = Changes(AddressTokens(life_seconds=life_seconds))
    reports = Reports(AddressTokens(life_seconds=life_seconds))
    store = open_site_store(settings)
    key, error = open_first(store, settings, open_path) if open_path else (None, "")
    served = (volumes, changes, reports, Logins())
    _current = WebContext(settings, *served, store, key, error)
    return _current


def context() -> WebContext:
    """Return the context that the server made.

    Raises:
        RuntimeError: the page was not started by StarLung's server.
    """
    if _current is None:
        raise RuntimeError("StarLung's page runs only on its own server: `starlung serve`.")
    return _current


def cards() -> list[ModelCard]:
    """Cards of all models at hand, shipped ones first."""
    imported = context().settings.work_dir / "models"
    return [model.card for model in list_models(imported=imported)]


def card_in_use() -> ModelCard | None:
    """Return the card of the model named by the settings; ``None`` where it is gone."""
    name = context().settings.model
    return next((card for card in cards() if card.name == name), None)
