"""What `starlung score` says of three public CTs is, number by number, what it said before.

``NAME.json`` beside this file holds it; of the sample also what the model before the default says.
A number may differ by a unit of its last digit or by a thousandth, which is what another
processor's rounding may do to it; a row too many or too few, another word or another UID may not. A
thousandth of a mean HU, whose zero is water, is one of what lies between air and water, and half of
that is allowed: one code gave -81.9 and -82.1 on two processors, a voxel more at an outline's edge.
Whoever means to change results writes the files anew with ``python -m tests.golden.write`` and says
in the commit why.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from medical.scoring.scorer import Scorer
from tests.conftest import REPOSITORY, shared_real_data
from tests.golden.result import result_of

HERE = Path(__file__).parent
HU_APART = 0.5
REAL = ("lidc-idri-0001", "lidc-idri-0028")
EARLIER_MODEL = "starlung-base"
EARLIER = f"sample-{EARLIER_MODEL}"


def test_the_model_before_says_what_it_said(tmp_path: Path) -> None:
    ct = {EARLIER: REPOSITORY / "sample_data" / "ct"}
    before = json.loads((HERE / f"{EARLIER}.json").read_text("utf-8"))
    scorer = Scorer.named(EARLIER_MODEL)
    assert differences(before, result_of(scorer, ct, out=tmp_path)[EARLIER]) == []


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "name", ["sample", *(pytest.param(name, marks=pytest.mark.real) for name in REAL)]
)
def test_every_number_is_as_before(name: str, scorer: Scorer, tmp_path: Path) -> None:
    ct = REPOSITORY / "sample_data" / "ct"
    if name in REAL:
        if (real := shared_real_data()) is None:
            pytest.skip("needs the shared real CTs")
        ct = real / "dicom" / name
    before = json.loads((HERE / f"{name}.json").read_text("utf-8"))
    assert differences(before, result_of(scorer, {name: ct}, out=tmp_path)[name]) == []


def differences(before: Any, now: Any, path: str = "") -> list[str]:
    """Where two results differ, each place with both values."""
    if isinstance(before, dict) and isinstance(now, dict) and before.keys() == now.keys():
        return [
            line for key in before for line in differences(before[key], now[key], f"{path}.{key}")
        ]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = enumerate(zip(before, now, strict=True))
        return [line for n, (b, a) in pairs for line in differences(b, a, f"{path}[{n}]")]
    if isinstance(before, float) and isinstance(now, float):
        unit = 10.0 ** -len(repr(before).partition(".")[2])
        least = HU_APART if path.endswith("mean_hu") else 1.01 * unit
        same = abs(before - now) <= max(least, 0.001 * abs(before))
    else:
        same = before == now
    return [] if same else [f"{path}: {before!r} before, {now!r} now"]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"a": [1.0, 2.0]}, {"a": [1.0]}),
        ({"a": 20.5}, {"a": 20.8}),
        ({"mean_hu": -81.9}, {"mean_hu": -82.5}),
        ({"a": 3}, {"a": 4}),
        ({"a": "solid"}, {"a": "ground-glass"}),
        ({"a": 1.0}, {"a": None}),
        ({"a": 1.0}, {"b": 1.0}),
    ],
)
def test_a_difference_is_seen(before: Any, now: Any) -> None:
    assert len(differences(before, now)) == 1
