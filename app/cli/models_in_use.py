"""Which models must stay: those that the site scores with, and those that a study waits for."""

from __future__ import annotations

from app.cli.common import fail, site_settings, site_store
from medical.plain_text import counted


def refuse_in_use(name: str) -> None:
    """End the program where workers need the model, for all studies or for one that waits."""
    from medical.store.queue import models_waited_for

    settings = site_settings()
    if name in (settings.model, settings.starnet):
        fail(
            f"'{name}' is what this site scores with. Name another in the settings (STARLUNG_MODEL,"
            " STARLUNG_STARNET or starlung.toml), then remove it."
        )
    if not (settings.work_dir.exists() or settings.store_url):
        return  # nothing waits where there is no store
    store = site_store(settings)
    try:
        waiting = models_waited_for(store)[name]
    finally:
        store.close()
    if waiting:
        waits = counted(waiting, "study waits", "studies wait")
        fail(f"'{name}': {waits} to be scored with it. Remove it afterwards, or cancel them.")
