"""``starlung deidentify``: DICOM objects without their patients."""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from app.cli.common import NONE_SCORED, OK, SOME_FAILED, fail, print_line, site_settings
from medical.plain_text import counted

if TYPE_CHECKING:
    from medical.deidentification.deidentifier import Deidentifier
    from medical.deidentification.profile import DeidentificationOptions


def deidentify(
    inputs: Annotated[list[Path], typer.Argument(metavar="INPUT...", help="Files, folders, zips.")],
    out: Annotated[Path, typer.Option(help="Folder for the objects.")],
    secret: Annotated[
        Path | None, typer.Option(help="File with the secret; the site's own unless given.")
    ] = None,
    dates: Annotated[
        Literal["shift", "remove"], typer.Option(help="Move a patient's dates alike, or drop them.")
    ] = "shift",
    descriptors: Annotated[
        Literal["clean", "remove"],
        typer.Option(help="Of descriptions keep harmless words, or nothing."),
    ] = "clean",
    retain_device: Annotated[bool, typer.Option(help="Keep which scanner it was.")] = False,
) -> None:
    """Write DICOM objects without their patients: PS3.15 basic profile, pseudonyms from a secret.

    Ends with 0 when all were written, 3 when some were refused, 4 when none was written.
    """
    from medical.deidentification.files import deidentify_files
    from medical.deidentification.profile import DeidentificationOptions

    for path in inputs:
        if not path.exists():
            fail(f"{path}: no such file or folder. Check the spelling.")
        if out.resolve().is_relative_to(path.resolve()):
            fail(f"{out}: lies in {path}. Give another folder to --out.")
    options = DeidentificationOptions(
        shift_dates=dates == "shift",
        retain_device=retain_device,
        clean_descriptors=descriptors == "clean",
    )
    try:
        deidentifier = deidentifier_of(secret, options)
        with tempfile.TemporaryDirectory(prefix="starlung-") as work:
            outcome = deidentify_files(inputs, out, deidentifier, work_dir=Path(work))
    except OSError as error:
        fail(f"{error.filename or out}: {error.strerror}.", code=NONE_SCORED)
    for file, reason in outcome.refused:
        print_line(f"{file}: not written: {reason}.")
    for problem in outcome.errors:
        print_line(str(problem))
    lost = len(outcome.refused) + len(outcome.errors)
    typer.echo(
        f"{counted(len(outcome.written), 'object')} written, {lost} refused, "
        f"{counted(outcome.passed_over, 'other file')} left out."
    )
    raise typer.Exit(NONE_SCORED if not outcome.written else SOME_FAILED if lost else OK)


def deidentifier_of(
    secret: Path | None, options: DeidentificationOptions | None = None
) -> Deidentifier:
    """Return what takes patients out; ends the program where it is not there, or has no secret.

    Args:
        secret: file with the secret; the site's own, made once, where not given.
        options: of the profile; its usual ones where not given.
    """
    if find_spec("dicomanonymizer") is None:
        fail("dicomanonymizer is not installed. Install starlung[deidentify].")
    from app.web.security.secrets import deidentification_secret
    from medical.deidentification.deidentifier import Deidentifier
    from medical.deidentification.profile import DeidentificationOptions

    try:
        content = (
            secret.read_bytes() if secret else deidentification_secret(site_settings().work_dir)
        )
        return Deidentifier(content, options or DeidentificationOptions())
    except ValueError as error:
        fail(f"{secret}: {error}.")
    except OSError as error:
        fail(f"{error.filename or secret}: {error.strerror}. Give another --secret.")
