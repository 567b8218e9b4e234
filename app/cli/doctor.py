"""``starlung doctor``: what is installed, what is missing, and how to mend it."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from app.cli.common import imported_models

_NEEDED = {
    "torch": "torch",
    "monai": "monai",
    "openvino": "models.runtime.openvino_cpu",  # imports it without its usage statistics
    "pydicom": "pydicom",
    "pylibjpeg": "pylibjpeg",
    "pyjpegls": "jpeg_ls",
    "SimpleITK": "SimpleITK",
    "nibabel": "nibabel",
    "streamlit": "streamlit",
}
"""Distribution, and a module that cannot be imported without it."""

_MIN_FREE_GIB = 2.0
_MIN_MEMORY_GIB = 4.0
_INSTALL = "run `make setup` in the checkout"


class Check(NamedTuple):
    """One line of the report; ``state`` is the state, or how to mend it."""

    what: str
    good: bool
    state: str
    needed: bool = True


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Check this installation; ends with 1 when scoring or the page cannot work."""
    failed, entries = False, []
    for check in _checks():
        mark = "ok" if check.good else "missing" if check.needed else "absent"
        entries.append({"what": check.what, "result": mark, "state": check.state})
        if not as_json:
            typer.echo(f"{mark:8}{check.what}: {check.state}")
        failed |= check.needed and not check.good
    if as_json:
        typer.echo(json.dumps({"good": not failed, "checks": entries}, indent=2))
    raise typer.Exit(1 if failed else 0)


def _checks() -> Iterator[Check]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Check("Python", sys.version_info >= (3, 11), f"{version} (3.11 or newer is needed)")
    for name, module in _NEEDED.items():
        yield _package(name, module)
    yield from _decoders()
    yield _viewer()
    yield from _models()
    yield _runtime()
    yield _chromium()
    yield _disk()
    yield _memory()


def _package(name: str, module: str) -> Check:
    """Import it: a package can be there and its libraries not."""
    try:
        importlib.import_module(module)
    except Exception as error:  # a broken build raises anything, OSError above all
        reason = " ".join(str(error).split())[:120]
        return Check(name, False, f"{_INSTALL} ({type(error).__name__}: {reason})")
    return Check(name, True, importlib.metadata.version(name))


def _decoders() -> Iterator[Check]:
    try:
        from pydicom import uid
        from pydicom.pixels.decoders.base import get_decoder
    except ImportError:
        return  # said above
    syntaxes = {
        "RLE": uid.RLELossless,
        "JPEG baseline": uid.JPEGBaseline8Bit,
        "JPEG extended": uid.JPEGExtended12Bit,
        "JPEG lossless": uid.JPEGLossless,
        "JPEG lossless SV1": uid.JPEGLosslessSV1,
        "JPEG-LS lossless": uid.JPEGLSLossless,
        "JPEG-LS near-lossless": uid.JPEGLSNearLossless,
        "JPEG 2000 lossless": uid.JPEG2000Lossless,
        "JPEG 2000": uid.JPEG2000,
        "HTJ2K lossless": uid.HTJ2KLossless,
        "HTJ2K lossless RPCL": uid.HTJ2KLosslessRPCL,
        "HTJ2K": uid.HTJ2K,
    }
    for name, syntax in syntaxes.items():
        good = get_decoder(syntax).is_available
        yield Check(f"DICOM {name}", good, "can be decoded" if good else _INSTALL)


def _viewer() -> Check:
    try:
        from app.web.components.viewer.build import up_to_date
    except ImportError as error:
        return Check("viewer", False, f"{_INSTALL} ({error})")
    good = up_to_date()
    mend = "run `python -m app.web.components.viewer.build`"
    return Check("viewer", good, "built" if good else mend)


def _models() -> Iterator[Check]:
    """Each folder by itself: one bad card must not hide the other models."""
    from models.zoo.loader import CARD, DEFAULT_MODEL, SHIPPED, ModelDamagedError, find_model
    from models.zoo.starnet_card import SHIPPED_STARNET, StarNetDamagedError, read_card
    from models.zoo.starnets import is_starnet, list_starnets

    names = set()
    for folder in list_starnets(imported=imported_models()):
        try:
            version = read_card(folder).version
        except StarNetDamagedError as error:
            yield Check(f"StarNet in {folder}", False, str(error), folder == SHIPPED_STARNET)
        else:
            yield Check(f"StarNet {folder.name}", True, f"{version}, weights intact")
    for root in (SHIPPED, imported_models()):
        for card in sorted(root.glob(f"*/{CARD}")):
            if is_starnet(card.parent):
                continue
            needed = root == SHIPPED
            try:
                model_card = find_model(str(card.parent)).card
            except (ModelDamagedError, OSError, ValueError) as error:
                reason = str(error).splitlines()[0]
                yield Check(f"model in {card.parent}", False, reason, needed)
            else:
                names.add(model_card.name)
                yield Check(
                    f"model {model_card.name}", True, f"{model_card.version}, weights intact"
                )
    if DEFAULT_MODEL not in names:
        yield Check(f"model {DEFAULT_MODEL}", False, "not intact or not here; install again")


def _runtime() -> Check:
    """Say what runs the networks; whether the packages are there is said above."""
    try:
        from models.runtime.cache import cache_folder
        from models.zoo.ready import backend_here

        backend = backend_here()
    except Exception as error:  # a broken build raises anything
        return Check("networks", False, f"{_INSTALL} ({type(error).__name__})")
    where = f"; converted networks are kept in {cache_folder()}" if backend.device == "CPU" else ""
    return Check(
        "networks",
        True,
        f"run by {backend.name} {backend.version} on {backend.device}, {backend.precision}{where}",
    )


def _chromium() -> Check:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    mend = "install the package `chromium`; only the browser tests need it"
    return Check("Chromium", program is not None, program or mend, needed=False)


def _disk() -> Check:
    free_gib = shutil.disk_usage(Path.cwd()).free / 2**30
    enough = free_gib >= _MIN_FREE_GIB
    state = f"{free_gib:.1f} GiB free here"
    return Check("disk", enough, state if enough else f"{state}; make room for {_MIN_FREE_GIB:g}")


def _memory() -> Check:
    try:
        total_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, OSError, ValueError):
        return Check("memory", True, "cannot be told on this system", needed=False)
    state = f"{total_gib:.1f} GiB ({_MIN_MEMORY_GIB:g} are advised)"
    return Check("memory", total_gib >= _MIN_MEMORY_GIB, state, needed=False)
