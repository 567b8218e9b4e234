"""A reading room with signed findings, and the table of what became of them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from medical.detection.findings import RatingModel
from medical.malignancy.reader import NoduleTokens
from medical.results.folder import ResultFolder
from medical.review.decisions import NewDecision
from medical.review.reading import read_study, study_version
from medical.review.reviews import decide, sign
from medical.store.database import Store
from medical.store.results import import_result
from models.zoo.starnet_card import read_card
from tests.medical.store.made import made_series

SHAPES = ((64, 33), (8, 65), (4, 96), (20,))


def made_tokens(number: int, *, malignant: bool) -> NoduleTokens:
    """Tokens of one finding that never was; malignant ones are alike in one half of the cells."""
    rng = np.random.default_rng(number)
    parts = [rng.normal(0, 0.3, size=(1, *shape)).astype(np.float32) for shape in SHAPES]
    parts[1][..., :32] += 0.8 if malignant else -0.8
    return NoduleTokens(*parts)


def add_study(
    store: Store,
    folder: Path,
    number: int,
    tokens: NoduleTokens,
    *,
    verdict: str = "accepted",
    signed: bool = True,
    digest: str | None = None,
) -> str:
    """Take in one result with one finding, decide and sign; returns its series' UID."""
    uid = f"1.2.{number}"
    card = read_card()
    model = RatingModel(
        name=card.name, version=card.version, sha256=card.sha256, digest=digest or card.digest
    )
    scored = made_series(0.9, uid=uid).model_copy(
        update={"malignancy_model": model, "study_instance_uid": f"1.{number}"}
    )
    place = folder / str(number) / uid
    place.mkdir(parents=True)
    (place / "findings.json").write_text(scored.model_dump_json(by_alias=True))
    ResultFolder(place).malignancy.write_tokens(tokens)
    key = import_result(store, place.parent, [scored], actor="anna")
    reason = "vessel" if verdict == "rejected" else ""
    new = NewDecision("rejected" if verdict == "rejected" else "accepted", reason=reason)
    decide(store, read_study(store, key).findings[0].id, new, seen_version=0, actor="anna")
    if signed:
        sign(store, key, seen_version=study_version(store, key), actor="anna")
    return uid


def write_table(path: Path, rows: list[dict[str, object]]) -> Path:
    """Write a table with the columns of its rows."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def made_site(store: Store, folder: Path, *, patients: int) -> Path:
    """Fill a store, one finding a patient, every second malignant; returns the table."""
    rows: list[dict[str, object]] = []
    for number in range(patients):
        malignant = number % 2 == 0
        uid = add_study(store, folder, number, made_tokens(number, malignant=malignant))
        rows.append(
            {
                "series": uid,
                "finding": 1,
                "outcome": "malignant" if malignant else "benign",
                "how": "histology" if malignant else "follow-up",
                "patient": f"p{number}",
            }
        )
    return write_table(folder / "outcome.csv", rows)
