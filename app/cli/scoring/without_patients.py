"""``starlung score --deidentify``: the CTs lose their patients before anything is made of them.

Whatever a run writes then names pseudonyms and new UIDs: findings, reports, objects, names of
folders. Taking the patient out of some forms alone would leave the others to name them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.cli.common import fail, print_line
from app.cli.deidentify import deidentifier_of
from medical.io.remote import is_url


@contextmanager
def taken_out(inputs: Sequence[str], secret: Path | None) -> Iterator[tuple[Sequence[str], int]]:
    """Copy the inputs' DICOM objects without their patients, for the time of a run.

    Args:
        inputs: files, folders, zips.
        secret: file with the secret that pseudonyms are made by; the inputs stay what they are
            where not given.

    Yields:
        A folder for each input of which something is left, and how many files were refused.
    """
    if secret is None:
        yield inputs, 0
        return
    from medical.deidentification.files import deidentify_files

    deidentifier = deidentifier_of(secret)
    refused, folders = 0, []
    with tempfile.TemporaryDirectory(prefix="starlung-", ignore_cleanup_errors=True) as work:
        for number, given in enumerate(inputs):
            if is_url(given):
                fail("--deidentify takes no addresses. Copy the CTs here first.")
            path, out = Path(given), Path(work) / "out" / str(number)
            if not path.exists():
                fail(f"{path}: no such file or folder. Check the spelling.")
            place = Path(work) / "unpacked" / str(number)
            outcome = deidentify_files([path], out, deidentifier, work_dir=place)
            for file, reason in outcome.refused:
                print_line(f"{file}: not scored: {reason}.")
            for problem in outcome.errors:
                print_line(str(problem))
            refused += len(outcome.refused) + len(outcome.errors)
            if outcome.written:
                folders.append(str(out))
            elif not outcome.refused:
                print_line(
                    f"{path}: not scored: there is no DICOM object to take a patient out of."
                )
                refused += 1
        yield folders, refused
