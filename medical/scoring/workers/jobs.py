"""What a worker does for a reader beside scoring: maps, registration of an earlier CT, images."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from medical.detection.findings import SeriesFindings
from medical.dicom.header.patient import examination_of_series
from medical.errors import InputError
from medical.i18n.messages import message
from medical.intake import number_series, open_input
from medical.io.series_handle import SeriesHandle
from medical.results.folder import ResultFolder
from medical.results.registration import KeptRegistration
from medical.scoring.scorer import Scorer
from models.zoo.loader import StoredModel


def explain_result(
    folder: ResultFolder,
    *,
    find_model: Callable[[str], StoredModel],
    make_scorer: Callable[[StoredModel], Scorer],
) -> int:
    """Write the attention maps of a result that has none, from the images beside it.

    Args:
        folder: of the result.
        find_model: by its name.
        make_scorer: of a model, or the one that is there.

    Returns:
        How many maps were written.

    Raises:
        InputError: result or images are not there, or the model at hand is not the result's.
    """
    scored, ct = folder.read_findings(), folder.load_images()
    model = find_model(scored.model.name)
    if model.card.sha256 != scored.model.sha256:
        problem = message(
            "{version} made this result; installed is {installed}",
            version=scored.model.version,
            installed=model.card.version,
        )
        raise InputError(scored.model.name, problem, message("Score the study again"))
    # torch and the like take seconds to import: not before the result is known to be good
    from medical.ct.prepare import prepare

    return len(make_scorer(model).explain(prepare(ct), scored, folder))


def register_earlier(folder: ResultFolder, prior: ResultFolder) -> None:
    """Register a CT with an earlier one and keep what came of it, a failure too.

    Args:
        folder: of the result, with its images.
        prior: the same of the earlier CT.

    Raises:
        InputError: the images of one are not there any more.
    """
    from medical.nodule.affine_registration import NotRegisteredError, register

    current, earlier = folder.load_images(), prior.load_images()
    began = time.perf_counter()
    try:
        registration = register(current, earlier)
    except NotRegisteredError as error:
        folder.write_registration(prior, KeptRegistration(failure=str(error)))
        return
    record = KeptRegistration(
        affine_lps_mm=registration.affine_lps_mm.tolist(),
        correlation=registration.correlation,
        seconds=round(time.perf_counter() - began, 2),
    )
    folder.write_registration(prior, record)


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
        intake = open_input(source, work_dir=Path(work_dir))
        # what a server scored goes by number where it has no UID, what a person scored by name
        for handle in (*intake.chosen, *number_series(intake).chosen):
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
