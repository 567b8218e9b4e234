"""What is known of the patient, and what a reader says of single findings."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from medical.malignancy.context import ClinicalContext


def test_spiculation_is_written_for_the_finding_that_it_is_said_of() -> None:
    context = ClinicalContext(text="cough", spiculated=(1, 3), not_spiculated=(2,))
    assert context.written() == "cough"
    assert context.written(3) == "cough. spiculated"
    assert context.written(2) == "cough. no spiculation"
    assert context.written(4) == "cough"
    assert [context.is_spiculated(number) for number in (1, 2, 4)] == [True, False, None]


def test_a_finding_is_not_both() -> None:
    with pytest.raises(ValidationError, match="finding 2 is said to be spiculated and not"):
        ClinicalContext(spiculated=(2,), not_spiculated=(1, 2))


def test_a_context_kept_before_is_read_and_kept_as_it_was() -> None:
    assert ClinicalContext.model_validate_json('{"text": "cough"}').text == "cough"
    assert "spiculated" not in ClinicalContext(text="cough").model_dump_json()
