"""A folder for each upload; those that are scored and old are cleared away."""

from __future__ import annotations

import secrets
import shutil
import time
from pathlib import Path

from app.settings import Settings
from medical.review.worklist import waiting_sources
from medical.store.database import Store


def new_upload_folder(settings: Settings, store: Store) -> Path:
    """Make a fresh folder that only we can read, after clearing away finished uploads."""
    root = (settings.work_dir / "uploads").resolve()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    waiting = waiting_sources(store)
    oldest = time.time() - settings.upload_keep_hours * 3600
    for folder in root.iterdir():
        in_use = any(source.is_relative_to(folder) for source in waiting)
        if folder.is_dir() and folder.stat().st_mtime < oldest and not in_use:
            shutil.rmtree(folder, ignore_errors=True)
    folder = root / secrets.token_hex(12)
    folder.mkdir(mode=0o700)
    return folder
