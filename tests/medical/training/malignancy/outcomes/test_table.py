"""Every mistake of a table of outcomes is told in one clear sentence that quotes no cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from medical.errors import InputError
from medical.store.database import Store
from medical.training.malignancy.outcomes.known import join_outcomes
from medical.training.malignancy.outcomes.table import OutcomeRow, read_outcomes
from models.zoo.starnet_card import read_card
from tests.medical.training.malignancy.outcomes.made_site import add_study, made_tokens, write_table

HEAD = "series,study,finding,outcome,how,patient\n"
ROW: dict[str, object] = {
    "series": "1.2.1", "finding": 1, "outcome": "benign", "how": "histology", "patient": "p",
}  # fmt: skip


def test_a_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "outcome.csv"
    path.write_text(HEAD + ",CT-3FA92C, 2 ,Malignant,histology,\n", encoding="utf-8-sig")
    assert read_outcomes(path) == [
        OutcomeRow(
            row=2, series="", study="CT-3FA92C", finding=2, outcome="malignant", how="histology",
            patient="",
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "has no column finding"),
        ("finding,outcome,how\n", "has no column series"),
        ("series,finding,outcome,how,name\n", "has a column that is not known: name"),
        (HEAD, "holds no row"),
        (HEAD + ",,1,benign,histology,\n", "row 2, column series: is empty, and so is the study"),
        (HEAD + "Doe,,one,benign,histology,\n", "row 2, column finding: must be the finding's"),
        (HEAD + "Doe,,0,benign,histology,\n", "row 2, column finding: must be the finding's"),
        (HEAD + "Doe,,²,benign,histology,\n", "row 2, column finding: must be the finding's"),
        (HEAD + "Doe,,1,bad,histology,\n", "column outcome: must be one of benign, malignant"),
        (HEAD + "Doe,,1,benign,guess,\n", "column how: must be one of histology, cytology"),
        (HEAD + "Doe,,1,benign,histology,p,q\n", "is followed by more cells than columns"),
        (HEAD + 'Doe,,1,"benign', "is no CSV table in UTF-8"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "outcome.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_outcomes(path)
    assert sentence in str(caught.value)
    assert "Doe" not in str(caught.value)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_outcomes(tmp_path / "none.csv")
    (tmp_path / "outcome.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is no CSV table in UTF-8"):
        read_outcomes(tmp_path / "outcome.csv")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"series": "9.9"}, "row 2, column series: names no signed study"),
        ({"series": "1.2.2"}, "row 2, column series: names no signed study"),  # not signed
        ({"finding": 2}, "row 2, column finding: is no finding of that series"),
        ({"series": "1.2.3"}, "column finding: was rejected"),
        ({"series": "1.2.4"}, "column finding: was rated by another StarNet"),
        ({"series": "1.2.5"}, "column finding: what StarNet saw of it is no longer here"),
        ({"patient": ""}, "column patient: is empty, and the images do not say"),
    ],
)
def test_a_row_that_cannot_be_learned_from_is_named(
    store: Store, tmp_path: Path, changed: dict[str, object], sentence: str
) -> None:
    tokens = made_tokens(0, malignant=False)
    add_study(store, tmp_path, 1, tokens)
    add_study(store, tmp_path, 2, tokens, signed=False)
    add_study(store, tmp_path, 3, tokens, verdict="rejected")
    add_study(store, tmp_path, 4, tokens, digest="0" * 64)
    add_study(store, tmp_path, 5, tokens)
    (tmp_path / "5" / "1.2.5" / "tokens.npz").unlink()
    digest = read_card().digest
    good = write_table(tmp_path / "good.csv", [ROW])
    assert len(join_outcomes(store, read_outcomes(good), table=good, digest=digest)) == 1
    table = write_table(tmp_path / "outcome.csv", [{**ROW, **changed}])
    with pytest.raises(InputError) as caught:
        join_outcomes(store, read_outcomes(table), table=table, digest=digest)
    assert sentence in str(caught.value)


def test_a_finding_is_named_once(store: Store, tmp_path: Path) -> None:
    add_study(store, tmp_path, 1, made_tokens(0, malignant=False))
    table = write_table(
        tmp_path / "outcome.csv",
        [{"series": "1.2.1", **ROW, "study": ""}, {**ROW, "series": "", "study": "1.1"}],
    )
    with pytest.raises(InputError, match="row 3, column finding: is that of row 2"):
        join_outcomes(store, read_outcomes(table), table=table, digest=read_card().digest)
