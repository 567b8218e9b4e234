"""What of a result is compared: all that says something about the images, nothing of the moment."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from medical.scoring.scorer import Scorer

COMPARED = ("series_instance_uid", "searched", "operating_point", "negative", "findings")


def result_of(scorer: Scorer, inputs: dict[str, Path], *, out: Path) -> dict[str, dict[str, Any]]:
    """Score folders of one series each, by the program's defaults, and read what was written."""
    scored = scorer.score(list(inputs.values()), out)
    assert not scored.errors
    return {
        name: read_result(scored_series.folder)
        for name, scored_series in zip(inputs, scored.series, strict=True)
    }


def read_result(folder: Path) -> dict[str, Any]:
    """Read findings, notes on quality and candidates of one series."""
    record = json.loads((folder / "findings.json").read_text("utf-8"))
    with (folder / "predictions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {
        **{key: record[key] for key in COMPARED},
        "quality": [[note["code"], note["severity"]] for note in record["quality"]],
        "candidates": [{key: number_or_text(text) for key, text in row.items()} for row in rows],
    }


def number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
