"""``starlung compare``: lay a scored CT over an earlier one of the same patient."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from app.cli.common import fail, say


def compare(
    result: Annotated[Path, typer.Argument(help="Folder of the scored series, with its images.")],
    prior: Annotated[Path, typer.Argument(help="The same of the earlier CT.")],
) -> None:
    """Register the two and keep the map beside RESULT; the reading page asks for this."""
    from medical.errors import InputError
    from medical.nodule.growth_register import NotRegisteredError, register
    from medical.results.folder import ResultFolder
    from medical.results.registration import KeptRegistration

    try:
        now, then = ResultFolder(result), ResultFolder(prior)
        current, earlier = now.load_images(), then.load_images()
    except InputError as error:
        fail(str(error))
    began = time.perf_counter()
    try:
        found = register(current, earlier)
    except NotRegisteredError as error:
        now.write_registration(then, KeptRegistration(failure=str(error)))
        fail(f"{error}.")
    seconds = round(time.perf_counter() - began, 2)
    kept = KeptRegistration(
        affine_lps_mm=found.affine_lps_mm.tolist(), likeness=found.likeness, seconds=seconds
    )
    now.write_registration(then, kept)
    say(f"correlation {found.likeness:.2f}, {seconds} s")
