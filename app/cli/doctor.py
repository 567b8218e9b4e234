"""``starlung doctor``: what is installed, what is missing, and how to mend it."""

from __future__ import annotations

import importlib.metadata
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import typer

_NEEDED = (
    "torch",
    "monai",
    "openvino",
    "pydicom",
    "pylibjpeg",
    "pyjpegls",
    "SimpleITK",
    "streamlit",
)
_LEAST_FREE_GIB = 2.0


class Check(NamedTuple):
    """One line of the report."""

    what: str
    good: bool
    needed: bool
    say: str


def doctor() -> None:
    """Check this installation; ends with 1 when scoring or the page cannot work."""
    failed = False
    for check in _checks():
        mark = "ok     " if check.good else ("MISSING" if check.needed else "absent ")
        typer.echo(f"{mark}  {check.what}: {check.say}")
        failed |= check.needed and not check.good
    raise typer.Exit(1 if failed else 0)


def _checks() -> Iterator[Check]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Check("Python", sys.version_info >= (3, 11), True, version)
    for name in _NEEDED:
        yield _package(name)
    yield from _decoders()
    yield _viewer()
    yield from _models()
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    yield Check("Chromium for browser tests", bool(browser), False, browser or "install chromium")
    free_gib = shutil.disk_usage(Path.cwd()).free / 2**30
    yield Check("free disk", free_gib > _LEAST_FREE_GIB, True, f"{free_gib:.0f} GiB here")


def _package(name: str) -> Check:
    try:
        return Check(name, True, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Check(name, False, True, "run make setup")


def _decoders() -> Iterator[Check]:
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import (
        HTJ2KLossless,
        JPEG2000Lossless,
        JPEGLosslessSV1,
        JPEGLSLossless,
        RLELossless,
    )

    for uid in (RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, HTJ2KLossless):
        good = get_decoder(uid).is_available
        yield Check(f"DICOM {uid.name}", good, True, "decodes" if good else "run make setup")


def _viewer() -> Check:
    from app.web.components.viewer.build import up_to_date

    good = up_to_date()
    mend = "run python -m app.web.components.viewer.build"
    return Check("viewer", good, True, "built" if good else mend)


def _models() -> Iterator[Check]:
    from models.zoo.loader import ModelDamagedError, find_model, list_models

    found = list_models()
    if not found:
        yield Check("models", False, True, "none is shipped with this installation; install again")
    for model in found:
        try:
            find_model(model.card.name)
            yield Check(f"model {model.card.name}", True, True, f"{model.card.version}, intact")
        except ModelDamagedError as error:
            yield Check(f"model {model.card.name}", False, True, str(error))
