"""Cases from the reading room: what readers signed is truth, what they rejected a hard negative.

Only signed studies count: there every finding is decided. Images are read where they were scored
from; where those are gone (uploads are deleted after a while), from the copy that the reading room
keeps beside the result.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select

from medical.dicom.stacking.series import CtSeries
from medical.errors import InputError
from medical.intake import open_input
from medical.io.series_handle import SeriesHandle
from medical.results.folder import ResultFolder
from medical.review.reading import ReadFinding, StudyReading, read_study
from medical.store.database import Store, open_store
from medical.store.tables import Study
from medical.training.cases.sources.lesion import Lesion

_log = logging.getLogger(__name__)

_REPORT = "starlung.report/1"
_REMEDY = "Export the report as JSON again"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """CTs that readers are done with, and what they said."""

    handles: list[SeriesHandle]
    lesions: list[Lesion]


def is_store(cases: str) -> bool:
    """Whether what the user named is a store's address rather than a folder."""
    return "://" in cases


def reviewed_studies(url: str, *, work: Path) -> Reviewed:
    """Every signed study of a store whose images are still there.

    Args:
        url: as for ``open_store``.
        work: folder for unpacked archives, which must outlive the result.

    Raises:
        InputError: the store is not there, cannot be opened, or holds no signed study with images.
    """
    refuse_missing(url)
    store = open_store(url)
    try:
        readings = signed_readings(store)
    finally:
        store.close()
    reviewed = Reviewed([], [])
    taken: set[str] = set()
    for reading in reversed(readings):  # of a CT that was read twice, the later reading counts
        label = reading.study.label
        handles = list(_images(reading, work=work))
        if not handles:
            _log.info(f"left out: {label}: its images are no longer here")
        for handle in handles:
            uid = handle.series_instance_uid
            if uid in taken and isinstance(handle.origin, CtSeries):
                _log.info(f"left out: {label}: the same CT was read again later")
                continue
            # a volume file is known by its name alone, which another study's may have too
            name = f"{uid}-{reading.study.key[:6]}" if uid in taken else uid
            taken.add(name)
            reviewed.handles.append(replace(handle, series_instance_uid=name))
            reviewed.lesions.extend(
                _lesion(finding, finding.diameter_mm, reading, name)
                for finding in reading.findings
                if finding.series_uid == uid and finding.diameter_mm is not None
            )
    if not reviewed.handles:
        raise InputError("store", "holds no signed study whose images are still here",
                         "Sign studies in the reading room first")  # fmt: skip
    return reviewed


def refuse_missing(url: str) -> None:
    """Refuse a SQLite file that is missing: opening would make it, which can only be a mistake."""
    head = "sqlite:///"
    if url.startswith(head) and not Path(url.removeprefix(head)).exists():
        remedy = "Give the store.sqlite in the reading room's folder"
        raise InputError(url.removeprefix(head), "no such store", remedy)


def signed_readings(store: Store) -> list[StudyReading]:
    """Return every signed study, the oldest first."""
    with store.reading() as session:
        query = select(Study.key).where(Study.status == "signed").order_by(Study.id)
        keys = list(session.scalars(query))
    return [read_study(store, key) for key in keys]


def _images(reading: StudyReading, *, work: Path) -> Iterable[SeriesHandle]:
    """Return the study's read series, from its source or from the kept copy."""
    study = reading.study
    wanted = dict.fromkeys(finding.series_uid for finding in reading.findings)
    uids = study.uids.split()
    source, folder = Path(study.source), Path(study.folder)
    if source.exists() and source != folder:
        folder_of_study = work / study.key
        folder_of_study.mkdir(parents=True, exist_ok=True)
        for handle in open_input(source, work_dir=folder_of_study).chosen:
            uid = handle.series_instance_uid
            if (uid in wanted or uid in uids) and not _is_another(handle, folder):
                wanted.pop(uid, None)
                yield handle
    for uid in wanted:
        for place in (folder / uid, folder):
            file = ResultFolder(place).images_file
            if file.exists() and place.name == uid:
                study_uid = next((item for item in uids if item not in wanted), None)
                yield SeriesHandle(
                    place, uid, study_uid or study.key, "CT kept by the reading room",
                    "the only series kept", file,
                )  # fmt: skip
                break


def _is_another(handle: SeriesHandle, folder: Path) -> bool:
    """Whether a series is not the one that was scored under its name.

    Servers call volume files by numbers, so a file that is itself called ``series-1`` may be
    another patient's. Results of version 0.5 and earlier do not say what they were made from.
    """
    uid = handle.series_instance_uid
    results = (ResultFolder(place).find_findings() for place in (folder / uid, folder))
    stored = next(
        (result for result in results if result and result.series_instance_uid == uid), None
    )
    if stored is None or stored.input is None:
        return False
    try:
        return handle.content().sha256 != stored.input.sha256
    except InputError:
        return True


def _lesion(
    finding: ReadFinding, diameter_mm: float, reading: StudyReading, series_uid: str
) -> Lesion:
    verdict: Literal["nodule", "rejected"] = (
        "rejected" if finding.verdict == "rejected" else "nodule"
    )
    place = f"{reading.study.label} finding {finding.number}"
    return Lesion(series_uid, finding.measured.center_lps_mm, diameter_mm, place, verdict)


class _Measured(BaseModel):
    model_config = ConfigDict(extra="ignore")
    center_lps_mm: tuple[float, float, float]


class _Exported(BaseModel):
    model_config = ConfigDict(extra="ignore")
    number: int
    measured: _Measured
    decision: Literal["open", "accepted", "rejected"]
    diameter_mm: float | None = Field(default=None, gt=0)


class _Report(BaseModel):
    model_config = ConfigDict(extra="ignore")
    study: str
    series_instance_uid: str
    status: str
    findings: list[_Exported]


def exported_lesions(path: Path) -> list[Lesion] | None:
    """Lesions of a report that the reading room exported as JSON; ``None`` for any other file.

    Raises:
        InputError: it is such a report, but damaged, or the study was not signed.
    """
    try:
        record: Any = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or record.get("schema") != _REPORT:
        return None
    try:
        report = _Report.model_validate(record)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InputError(path, f"damaged report: {where}", _REMEDY) from error
    if report.status != "signed":
        raise InputError(path, "its study was not signed", "Sign it and export it again")
    verdicts: dict[str, Literal["nodule", "rejected"]] = {
        "accepted": "nodule",
        "rejected": "rejected",
    }
    return [
        Lesion(
            report.series_instance_uid,
            finding.measured.center_lps_mm,
            finding.diameter_mm,
            f"{path.name} finding {finding.number}",
            verdicts[finding.decision],
        )
        for finding in report.findings
        if finding.decision in verdicts and finding.diameter_mm is not None
    ]
