"""From a scored study to objects in the outbox.

The objects are made once, in a folder of the outbox, and entered for all peers in one transaction:
whatever is sent again later is the very same file under the same UID.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pydicom.filereader import dcmread

from medical.dicom.stacking.series import CtSeries
from medical.errors import InputError
from medical.files import write_atomic
from medical.intake import Intake, open_input
from medical.io.series_handle import SeriesHandle
from medical.results.folder import FINDINGS, OUTLINES, ResultFolder
from medical.results.malignancy_files import TYPED
from medical.store.arrivals import Due, dispatch, due, failures_due
from medical.store.audit import record
from medical.store.database import Store
from medical.store.outbox import Outgoing, paths_waiting, put
from medical.store.series import KeptSeries
from models.zoo.loader import DEFAULT_MODEL, ModelDamagedError, ModelNotFoundError, find_model

if TYPE_CHECKING:
    from medical.scoring.forms.writer import Form

_log = logging.getLogger(__name__)
_TELLS_FAILURE = "cad-sr"


def dispatch_due(
    store: Store, outbox: Path, *, imported: Path | None, model: str = DEFAULT_MODEL
) -> int:
    """Make the objects of all results that are due and enter them; returns how many studies.

    A study that could not be scored has one where its rule asks for ``cad-sr``, and where its
    headers say which study it is.

    Args:
        store: knows the results.
        outbox: folder that the objects go into.
        imported: folder of the user's own models.
        model: name of the one that the site scores with.

    Raises:
        StoreUnavailableError: nothing more can be entered for now.
        OSError: objects cannot be written.
    """
    count = 0
    for study in (*due(store), *failures_due(store, _TELLS_FAILURE)):
        folder = outbox / secrets.token_hex(12)
        folder.mkdir(mode=0o700)
        try:
            outgoing = list(_objects(study, folder, imported, model))
            dispatch(store, study, outgoing)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        _log.info("%d objects of a study wait to be sent", len(outgoing))
        count += 1
    return count


def clear_outbox(store: Store, outbox: Path) -> None:
    """Delete the files of which every peer has its copy, and what was never entered."""
    needed = {path.parent for path in paths_waiting(store)}
    for folder in outbox.iterdir():
        if folder.is_dir() and not any(place.is_relative_to(folder) for place in needed):
            shutil.rmtree(folder, ignore_errors=True)


def enter_objects(
    store: Store, outbox: Path, destination: str, objects: Iterable[bytes], *, actor: str, key: str
) -> int:
    """Put a study's objects into the outbox for one peer; those entered before are not sent again.

    Args:
        store: holds the outbox.
        outbox: folder that the objects go into.
        destination: name of the peer.
        objects: DICOM files.
        actor: who sends them; it stands in the audit trail.
        key: of the study.

    Returns:
        How many are new.

    Raises:
        OSError: they cannot be written; nothing is entered.
    """
    folder = outbox / secrets.token_hex(12)
    folder.mkdir(mode=0o700, parents=True)
    try:
        for number, content in enumerate(objects, start=1):
            write_atomic(folder / f"{number:05d}.dcm", content)
        outgoing = list(outgoing_of(sorted(folder.glob("*.dcm"))))
        with store.transaction() as session:
            count = put(session, destination, outgoing)
            record(session, actor=actor, action="send", subject=f"{key} {destination}"[:100])
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return count


def outgoing_of(files: Iterable[Path]) -> Iterator[Outgoing]:
    """Name the objects in these files by their SOP Instance UIDs."""
    for file in files:
        header = dcmread(file, stop_before_pixels=True, specific_tags=["SOPInstanceUID"])
        yield Outgoing(str(header.SOPInstanceUID), file)


def _objects(study: Due, folder: Path, imported: Path | None, model: str) -> Iterator[Outgoing]:
    with tempfile.TemporaryDirectory(prefix="starlung-") as work:
        try:
            intake = open_input(study.source, work_dir=Path(work), keep_names=False)
        except InputError as error:
            _log.warning("no objects of a study: %s", error.problem)
            return
        for number, series in enumerate(study.series, start=1):
            try:
                yield from _objects_of(
                    series, intake.chosen, folder / str(number), study.forms, imported
                )
            except (InputError, ModelNotFoundError, ModelDamagedError) as error:
                _log.warning("no objects of a series (%s)", type(error).__name__)
        if _TELLS_FAILURE in study.forms:
            names = [series.scored.model.name for series in study.series]
            name = next(iter(names), study.model or model)
            yield from _failures(study, intake, folder / "failed", name, imported)


def _failures(
    study: Due, intake: Intake, place: Path, model: str, imported: Path | None
) -> Iterator[Outgoing]:
    """Yield objects on what of a study could not be scored."""
    from medical.scoring.forms.failed_analysis import write_failures

    scored = {_digest(series) for series in study.series}
    files = list(intake.unread)
    for handle in intake.chosen:
        with suppress(InputError):  # what cannot be read was not scored either
            if handle.content().sha256 in scored:
                continue
        files += handle.files if isinstance(handle.origin, CtSeries) else ()
    try:
        card = find_model(model, imported=imported).card
    except (ModelNotFoundError, ModelDamagedError):
        card = find_model(DEFAULT_MODEL).card
    yield from outgoing_of(write_failures(place, files, card))


def _objects_of(
    series: KeptSeries,
    handles: Iterable[SeriesHandle],
    place: Path,
    forms: tuple[str, ...],
    imported: Path | None,
) -> Iterator[Outgoing]:
    from medical.scoring.forms.writer import FormWriter

    scored = series.scored
    handle = _same_files(series, handles)
    if handle is None:
        raise InputError("study", "its images are not in the spool any more", "Send it again")
    place.mkdir(mode=0o700)
    for name in (FINDINGS, OUTLINES, TYPED):
        if (series.folder.path / name).is_file():
            write_atomic(place / name, (series.folder.path / name).read_bytes())
    writer = FormWriter(
        ResultFolder(place),
        scored,
        handle,
        find_model(scored.model.name, imported=imported).card,
        handle.load,
    )
    for problem in writer.write(cast("tuple[Form, ...]", forms)):
        _log.warning("%s", problem)
    yield from outgoing_of(sorted(place.glob("*.dcm")))


def _same_files(series: KeptSeries, handles: Iterable[SeriesHandle]) -> SeriesHandle | None:
    """Find the series that was scored, by what its files hold."""
    digest = _digest(series)
    handle = next((handle for handle in handles if handle.content().sha256 == digest), None)
    return handle.named(series.uid) if handle else None


def _digest(series: KeptSeries) -> str:
    return series.scored.input.sha256 if series.scored.input else ""
