"""JSON Schemas of the files that other programs read: ``make schemas`` writes ``docs/schemas``.

A change that a reader of the files must know of gets a new number in ``schema`` and a new file. An
added optional field does not, so the schemas allow properties that they do not name: a file of a
later version is valid too. We write none: our own models forbid them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from medical.detection.findings import SeriesFindings
from medical.files import write_atomic
from medical.report.record import ReportRecord

SCHEMAS: dict[str, type[BaseModel]] = {
    "starlung.findings/1": SeriesFindings,
    "starlung.report/1": ReportRecord,
}
"""What a file states as its ``schema``, and its model."""


def schema_file(name: str) -> str:
    """Return the file of a schema: ``starlung.findings/1`` lies in ``starlung.findings-1.json``."""
    return name.replace("/", "-") + ".json"


def schema_text(name: str) -> str:
    """Return the JSON Schema (draft 2020-12) of what StarLung writes under ``name``.

    Raises:
        KeyError: there is no such schema.
    """
    schema = _open(SCHEMAS[name].model_json_schema(mode="serialization", by_alias=True))
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": name}
    return json.dumps({**head, **schema}, indent=2, ensure_ascii=False) + "\n"


def _open(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_open(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    opened = {key: _open(value) for key, value in schema.items()}
    return opened | ({"additionalProperties": True} if "properties" in schema else {})


def export_schemas(folder: Path) -> None:
    """Write each schema into ``folder``, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in SCHEMAS:
        write_atomic(folder / schema_file(name), schema_text(name))


if __name__ == "__main__":
    export_schemas(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/schemas"))
