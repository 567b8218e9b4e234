"""The viewer's images for a result that was scored without them, from the input it was made of."""

from __future__ import annotations

import tempfile
from pathlib import Path

from medical.detection.findings import SeriesFindings
from medical.dicom.header.examination import examination_of_series
from medical.errors import InputError
from medical.intake import number_series, open_input
from medical.io.series_handle import SeriesHandle
from medical.results.folder import ResultFolder


def prepare_images(
    source: Path, folder: ResultFolder, scored: SeriesFindings, *, secret: bytes
) -> None:
    """Keep the images of a scored series, where ``source`` holds it and there are none yet.

    Args:
        source: the input that was scored.
        folder: of the series' result.
        scored: what was said of the series.
        secret: of this site, for the patients' pseudonyms.

    Raises:
        InputError: ``source`` cannot be opened any more.
    """
    if folder.read_images() is not None:
        return
    with tempfile.TemporaryDirectory() as work_dir:
        found = open_input(source, work_dir=Path(work_dir))
        # what a server scored goes by number where it has no UID, what a person scored by name
        for handle in (*found.chosen, *number_series(found).chosen):
            if _is_of(scored, handle):
                examination = examination_of_series(handle.origin, secret=secret)
                folder.write_images(handle.load(), examination=examination)
                return


def _is_of(scored: SeriesFindings, handle: SeriesHandle) -> bool:
    """Whether a result was made of these files; by the name where an older one does not say."""
    if scored.input is None:
        return scored.series_instance_uid == handle.series_instance_uid
    try:
        return scored.input.sha256 == handle.content().sha256
    except InputError:  # what lies beside it may be damaged
        return False
