"""The exported JSON Schemas are the models', and what StarLung writes keeps to them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

from medical.detection.findings import Program
from medical.report.content import ReportContent
from medical.report.record import report_json
from medical.report.schema import SCHEMAS, export_schemas, schema_file, schema_text
from medical.results.folder import ResultFolder
from tests.conftest import REPOSITORY
from tests.medical.report.test_change import SMALL, compared
from tests.medical.store.made import made_series

EXPORTED = REPOSITORY / "docs" / "schemas"


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((EXPORTED / schema_file(name)).read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_exported_files_are_the_models(tmp_path: Path) -> None:
    export_schemas(tmp_path)
    names = sorted(path.name for path in EXPORTED.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    assert [name for name in SCHEMAS if schema_text(name) != _exported(name)] == []


def _exported(name: str) -> str:
    return (EXPORTED / schema_file(name)).read_text("utf-8")


@pytest.mark.parametrize("probabilities", [(), (0.9, 0.4)])
def test_findings_validate(probabilities: tuple[float, ...], tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    program = Program(version="0.1.0")
    folder.write_findings(made_series(*probabilities).model_copy(update={"program": program}))
    record = json.loads((tmp_path / "findings.json").read_text("utf-8"))
    schema = validator("starlung.findings/1")
    schema.validate(record)
    del record["operating_point"]
    with pytest.raises(ValidationError, match="operating_point"):
        schema.validate(record)


def test_a_report_validates_with_and_without_a_comparison(content: ReportContent) -> None:
    schema = validator("starlung.report/1")
    signed = replace(content, change=None)
    for report in (signed, compared(content, SMALL)):
        record = json.loads(report_json(report))
        schema.validate(record)
        record["findings"][0]["decision"] = "perhaps"
        with pytest.raises(ValidationError, match="perhaps"):
            schema.validate(record)


def test_a_file_of_a_later_version_of_the_same_number_is_valid(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.write_findings(made_series(0.9))
    record = json.loads((tmp_path / "findings.json").read_text("utf-8"))
    record["novelty"] = record["findings"][0]["novelty"] = 1
    validator("starlung.findings/1").validate(record)
    record["findings"][0]["diameter_mm"] = "large"
    with pytest.raises(ValidationError, match="large"):
        validator("starlung.findings/1").validate(record)
