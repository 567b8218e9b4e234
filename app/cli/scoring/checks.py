"""What is asked of ``starlung score``, checked before any time is spent; wrong use ends it."""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from app.cli.common import fail

if TYPE_CHECKING:
    from medical.scoring.context_table import ContextTable
    from medical.scoring.forms.writer import Form

Device = Literal["auto", "cpu", "cuda"]
Engine = Literal["local", "ray"]
ALWAYS = ("json", "csv")
ARCHIVED: tuple[Form, ...] = (
    "sr",
    "seg",
    "cad-sr",
    "kos",
    "pdf",
)  # see forms.writer
FORMATS = (*ALWAYS, *ARCHIVED, "heatmap")
MIN_SAMPLES = 2
_MIN_SPACE = 1_000_000  # bytes; what a series' result takes without maps


def checked_samples(samples: int) -> int:
    """Return the number, where it is enough for an interval."""
    if samples < MIN_SAMPLES:
        fail(f"setting samples: {samples} is too few for an interval. Give at least 2.")
    return samples


def read_contexts(path: Path | None) -> ContextTable | None:
    """Read the table of clinical context, where there is one."""
    if path is None:
        return None
    from medical.errors import InputError
    from medical.scoring.context_table import read_context_table

    try:
        return read_context_table(path)
    except InputError as error:
        fail(str(error))


def result_key_of(work_dir: Path) -> bytes | None:
    """Return the key that signs results; ``None`` where it cannot be kept: they stay unsigned."""
    from app.web.security.secrets import result_key

    try:
        return result_key(work_dir)
    except OSError:
        return None


def pseudonyms_of(work_dir: Path) -> bytes | None:
    """Return the secret of patients' pseudonyms; ``None`` where it cannot be kept."""
    from app.web.security.secrets import patient_secret

    try:
        return patient_secret(work_dir)
    except OSError:
        return None


def check_device(device: Device, engine: Engine) -> None:
    """Make sure that the device and the engine are there."""
    if engine == "ray" and find_spec("ray") is None:
        fail("--engine ray: Ray is not installed. Install starlung[ray].")
    if device != "cuda":
        return
    from models.zoo.ready import NoGpuError, check_device

    try:
        check_device(device)
    except NoGpuError as error:
        fail(f"--device {device}: {error}.")


def check_deidentify(secret: Path | None, *, context: Path | None, engine: Engine) -> None:
    """Refuse what goes by the UIDs, paths or machines that de-identified copies do not have."""
    if secret is None:
        return
    if context is not None:
        fail(
            "--context names studies by UID or path, which --deidentify changes. Run `starlung "
            "deidentify` first, then score its folder with a table of the new UIDs."
        )
    if engine == "ray":
        fail("--deidentify works on this machine alone. Run `starlung deidentify` first.")


def checked_formats(text: str) -> set[str]:
    """Return the forms of a list with commas."""
    names = {name.strip() for name in text.split(",")}
    for name in sorted(names):
        if name not in FORMATS:
            fail(f"--format {name}: not a form of result; there are {', '.join(FORMATS)}.")
    return names


def make_folder(address: str) -> None:
    """Make it, and write into it, before any time is spent on scoring."""
    from medical.io.remote import is_url

    if not address:
        fail("--out: is empty. Give a folder or an address.")
    if is_url(address):
        return  # told when its results are copied
    out = Path(address)
    if out.exists() and not out.is_dir():
        fail(f"{out}: this is a file. Give a folder to --out.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"{out}: cannot be made: {error.strerror}. Give another folder to --out.")
    try:
        with tempfile.TemporaryFile(dir=out) as probe:
            probe.write(bytes(_MIN_SPACE))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        fail(f"{out}: cannot be written: {error.strerror}. Give another folder to --out.")
