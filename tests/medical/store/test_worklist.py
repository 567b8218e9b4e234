"""Search and filter, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from medical.detection.findings import ModelReference, SeriesFindings
from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.reviews import add_finding, decide
from medical.review.worklist import count_by_status, worklist, worklist_change_token
from medical.store.audit import newest
from medical.store.database import Store
from medical.store.queue import claim, enqueue, finish, give_up, renew
from medical.store.results import import_result
from tests.medical.store.made import made_added, made_series


@pytest.fixture
def keys(store: Store) -> list[str]:
    """A weak and a strong study that are ready, one that failed, one that waits."""
    made = [enqueue(store, Path("Muster_Hans"), root=Path("r"), actor="t") for _ in range(4)]
    for series in (made_series(0.3, uid="9.8.7"), made_series(0.9), None):
        taken = claim(store, "worker")
        assert taken is not None
        if series is None:
            assert give_up(store, taken, failure="input: holds 100 % no CT_images. Give a CT.")
        else:
            assert finish(store, taken, series=[series])
    return made


def _found(store: Store, text: str) -> list[str]:
    return [study.key for study in worklist(store, text=text)]


def test_only_the_states_asked_for(store: Store, keys: list[str]) -> None:
    studies = worklist(store, status=["ready", "failed"])
    assert [study.key for study in studies] == [keys[1], keys[0], keys[2]]


def test_an_unknown_state_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="lost"):
        worklist(store, status=["lost"])  # type: ignore[list-item]


def test_found_by_label_key_uid_and_reason(store: Store, keys: list[str]) -> None:
    weak, _, failed, waiting = keys
    label = read_study(store, waiting).study.label
    assert _found(store, label.lower()) == [waiting]
    assert _found(store, weak[3:9].upper()) == [weak]
    assert _found(store, "9.8.7") == [weak]
    assert _found(store, "no ct_IMAGES") == [failed]


def test_signs_with_a_meaning_in_sql_mean_nothing(store: Store, keys: list[str]) -> None:
    assert _found(store, "100 %") == [keys[2]]
    assert _found(store, "no_CT") == []
    assert _found(store, "'; DROP TABLE studies; --") == []


def test_found_by_a_readers_comment(store: Store, keys: list[str]) -> None:
    finding = read_study(store, keys[1]).findings[0]
    decision = NewDecision("accepted", comment="Ask the tumour board")
    decide(store, finding.id, decision, seen_version=0, actor="anna")
    assert _found(store, "tumour BOARD") == [keys[1]]
    assert _found(store, "anna") == [keys[1]]


def test_the_label_says_nothing_about_the_input(store: Store, keys: list[str]) -> None:
    for study in worklist(store):
        assert study.label == f"CT-{study.key[:6].upper()}"
    assert _found(store, "Muster") == []


def test_every_state_is_counted(store: Store, keys: list[str]) -> None:
    counts = count_by_status(store)
    assert (counts["ready"], counts["failed"], counts["received"], counts["signed"]) == (2, 1, 1, 0)


def test_a_result_scored_elsewhere_is_taken_in_once(store: Store, tmp_path: Path) -> None:
    first = import_result(store, tmp_path, [made_series(0.7)], actor="anna")
    assert import_result(store, tmp_path, [made_series(0.7)], actor="bo") == first
    (study,) = worklist(store)
    assert (study.status, study.max_probability, study.findings) == ("ready", 0.7, 1)


def test_a_result_scored_again_is_taken_anew(store: Store, tmp_path: Path) -> None:
    first = import_result(store, tmp_path, [made_series(0.7)], actor="anna")
    assert import_result(store, tmp_path, [made_series(0.9)], actor="anna") == first
    (study,) = worklist(store)
    assert (study.max_probability, study.findings) == (0.9, 1)
    assert [finding.measured for finding in read_study(store, first).findings] == made_series(
        0.9
    ).findings


def test_a_result_scored_again_without_findings_has_none(store: Store, tmp_path: Path) -> None:
    first = import_result(store, tmp_path, [made_series(0.7)], actor="anna")
    nothing = made_series(0.7).model_copy(update={"findings": [], "negative": True})
    import_result(store, tmp_path, [nothing], actor="anna")
    (study,) = worklist(store)
    assert (study.max_probability, study.findings) == (0.0, 0)
    assert list(read_study(store, first).findings) == []


def test_what_a_reader_decided_on_stays_when_scored_again(store: Store, tmp_path: Path) -> None:
    first = import_result(store, tmp_path, [made_series(0.7)], actor="anna")
    finding = read_study(store, first).findings[0]
    decide(store, finding.id, NewDecision("accepted"), seen_version=0, actor="anna")
    import_result(store, tmp_path, [made_series(0.9)], actor="anna")
    (study,) = worklist(store)
    assert (study.max_probability, study.findings) == (0.7, 1)


def test_which_weights_made_what_is_kept_is_on_record(store: Store, tmp_path: Path) -> None:
    first = import_result(store, tmp_path, [made_series(0.7)], actor="anna")
    other = made_series(0.7).model_copy(
        update={"model": ModelReference(name="other", version="2", sha256="2" * 64)}
    )
    import_result(store, tmp_path, [other], actor="anna")  # the same findings, and nobody has read
    reading = read_study(store, first)
    assert [series.scored for series in reading.series] == [other]
    new = NewDecision("accepted")
    decide(store, reading.findings[0].id, new, seen_version=0, actor="anna")
    import_result(store, tmp_path, [made_series(0.9)], actor="anna")
    assert [series.scored for series in read_study(store, first).series] == [other]


def test_the_list_stands_otherwise_once_anything_was_done(store: Store, tmp_path: Path) -> None:
    before = worklist_change_token(store)
    assert worklist_change_token(store) == before
    enqueue(store, tmp_path / "one", root=tmp_path, actor="anna")
    assert worklist_change_token(store) != before


def test_the_list_stands_otherwise_while_a_scoring_gets_on(store: Store, tmp_path: Path) -> None:
    enqueue(store, tmp_path / "one", root=tmp_path, actor="anna")
    taken = claim(store, "worker")
    assert taken is not None
    before = worklist_change_token(store)
    assert renew(store, taken, stage="detect", fraction=0.5)
    assert worklist_change_token(store) != before


def test_the_same_weights_calibrated_anew_are_on_record_as_another_model(
    store: Store, tmp_path: Path
) -> None:
    def by(digest: str) -> SeriesFindings:
        model = ModelReference(name="one", version="1", sha256="1" * 64, digest=digest * 64)
        return made_series(0.7).model_copy(update={"model": model})

    key = import_result(store, tmp_path, [by("a")], actor="anna")
    import_result(store, tmp_path, [by("b")], actor="anna")
    (stored,) = read_study(store, key).series
    assert stored.scored.model.digest == "b" * 64


def test_the_same_result_is_not_taken_anew(store: Store, tmp_path: Path) -> None:
    import_result(store, tmp_path, [made_series(0.7)], actor="anna")
    before = len(newest(store, 100))
    import_result(store, tmp_path, [made_series(0.7)], actor="anna")
    assert len(newest(store, 100)) == before


def test_a_nodule_that_a_reader_added_is_not_the_model_s(store: Store, tmp_path: Path) -> None:
    key = import_result(store, tmp_path, [made_series(0.7)], actor="anna")
    add_finding(store, key, "1.2.3", made_added(), actor="anna")
    reading = read_study(store, key)
    assert len(reading.findings) == 2
    assert [series.scored for series in reading.series] == [made_series(0.7)]
