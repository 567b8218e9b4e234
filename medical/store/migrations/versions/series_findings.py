"""The store holds all that was said of a series, so that nothing is read from result folders.

Fills it from the folders once, by their form as it was then. A folder may have been scored again
since, by another model, while the findings that readers decided on stayed: then the record names
the model whose findings were kept, where that is known, and a note says so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

from medical.i18n.messages import message

revision = "0008"
down_revision = "0007"

_SCORED = ("ready", "review", "signed")
_NOTE = message(
    "The findings are those of an earlier result; what is said of image quality and of the share "
    "of lung searched is of a later one."
)
_UNKNOWN = {"name": "earlier model", "version": "not on record", "sha256": "", "digest": None}


def upgrade() -> None:
    """Add the column, fill it, and drop what named the model beside it."""
    op.add_column("series", sa.Column("scored", sa.Text, nullable=False, server_default=""))
    database = op.get_bind()
    _enter_missing(database)
    rows = database.execute(
        sa.text(
            "SELECT series.id, series.study_id, series.series_uid, series.folder, "
            "studies.scored_by FROM series JOIN studies ON studies.id = series.study_id"
        )
    ).all()
    for number, study_id, uid, folder, scored_by in rows:
        scored = _result_in(Path(folder))
        if scored is None:
            continue  # the page says that the result is gone
        record = _as_kept(database, scored, study_id=study_id, uid=uid, scored_by=scored_by)
        database.execute(
            sa.text("UPDATE series SET scored = :record WHERE id = :number"),
            {"record": json.dumps(record), "number": number},
        )
    op.drop_column("studies", "scored_by")


def _as_kept(
    database: sa.Connection, scored: dict[str, Any], *, study_id: int, uid: str, scored_by: str
) -> dict[str, Any]:
    """Return the folder's record with the model of the store's findings, without findings."""
    measured = database.execute(
        sa.text(
            "SELECT measured FROM findings WHERE study_id = :study AND series_uid = :uid "
            "AND origin = 'model' ORDER BY number"
        ),
        {"study": study_id, "uid": uid},
    )
    stored = [json.loads(row) for row in measured.scalars()]
    names = ("model", "operating_point", "samples")
    rows = [_named_anew(row) for row in json.loads(scored_by)] if scored_by else []
    known = next((row for row in rows if row["series_instance_uid"] == uid), None)
    record = {**scored, "findings": []}
    if known is not None:
        changed = any(_plain(known[name]) != _plain(scored[name]) for name in names)
        record |= {name: known[name] for name in names}
    else:
        changed = stored != scored["findings"]
        record |= {"model": _UNKNOWN} if changed else {}
    if changed or stored != scored["findings"]:
        note = {"code": "scored_again", "severity": "warning", "message": _NOTE}
        record |= {
            "quality": [note, *scored["quality"]],
            "negative": scored["negative"] and not stored,
        }
    return record


def _plain(value: Any) -> Any:
    """Without what is not given: earlier versions did not write it."""
    if isinstance(value, dict):
        return {name: part for name, part in value.items() if part is not None}
    return value


def _enter_missing(database: sa.Connection) -> None:
    """Enter series of studies that were scored before the store held series."""
    query = sa.text(
        "SELECT id, folder FROM studies WHERE status IN :scored "
        "AND id NOT IN (SELECT study_id FROM series)"
    ).bindparams(sa.bindparam("scored", expanding=True))
    for study_id, place in database.execute(query, {"scored": _SCORED}).all():
        for uid, folder in _series_below(Path(place)).items():
            images = _images_in(folder)
            database.execute(
                sa.text(
                    "INSERT INTO series (study_id, series_uid, folder, patient, day, has_images, "
                    "scored) VALUES (:study, :uid, :folder, :patient, :day, :images, '')"
                ),
                {
                    "study": study_id,
                    "uid": uid,
                    "folder": str(folder),
                    "patient": images.get("patient", ""),
                    "day": images.get("acquired_on", ""),
                    "images": bool(images),
                },
            )


def _series_below(place: Path) -> dict[str, Path]:
    own = place / "findings.json"
    files = [own] if own.is_file() else sorted(place.glob("*/findings.json"))
    results = {file.parent: _result_in(file.parent) for file in files}
    return {scored["series_instance_uid"]: folder for folder, scored in results.items() if scored}


def _result_in(folder: Path) -> dict[str, Any] | None:
    record = _named_anew(_read(folder / "findings.json"))
    needed = {"series_instance_uid", "model", "operating_point", "samples", "findings", "quality"}
    return record if needed <= record.keys() else None


def _named_anew(record: dict[str, Any]) -> dict[str, Any]:
    """Call the Monte-Carlo samples of an earlier record what they are called now."""
    return {"samples" if name == "passes" else name: value for name, value in record.items()}


def _images_in(folder: Path) -> dict[str, Any]:
    """Return what is known of the images beside a result; nothing where there are none."""
    viewer = folder / "viewer"
    return _read(viewer / "volume.json") if (viewer / "ct.nii.gz").is_file() else {}


def _read(file: Path) -> dict[str, Any]:
    try:
        record = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
