"""The queue on SQLite and on a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from medical.review.worklist import worklist
from medical.store.database import Store
from medical.store.queue import (
    MAX_ATTEMPTS,
    claim,
    enqueue,
    finish,
    give_back,
    give_up,
    renew,
)
from medical.store.requests import try_again
from tests.medical.store.made import made_series


def _fill(store: Store, count: int) -> list[str]:
    return [
        enqueue(store, Path(f"ct{number}"), root=Path("results"), actor="tester")
        for number in range(count)
    ]


def test_studies_are_claimed_in_the_order_they_came(store: Store) -> None:
    keys = _fill(store, 3)
    claimed = [claim(store, "one") for _ in range(4)]
    assert [c.key if c else None for c in claimed] == [*keys, None]


def test_many_workers_never_get_the_same_study(store: Store) -> None:
    keys = _fill(store, 24)

    def take(name: int) -> list[str]:
        got = []
        while (claimed := claim(store, f"worker {name}")) is not None:
            got.append(claimed.key)
            assert finish(store, claimed, series=[made_series(0.5)])
        return got

    with ThreadPoolExecutor(6) as threads:
        got = [key for some in threads.map(take, range(6)) for key in some]
    assert sorted(got) == sorted(keys)


def test_a_dead_workers_study_goes_to_the_next_and_the_late_one_is_refused(store: Store) -> None:
    (key,) = _fill(store, 1)
    dead = claim(store, "dead", lease_seconds=-1)
    assert dead is not None
    heir = claim(store, "heir")
    assert heir is not None
    assert heir.key == key
    assert not renew(store, dead, stage="detect", fraction=0.5)
    assert not finish(store, dead, series=[made_series(0.9)])
    assert finish(store, heir, series=[made_series(0.7)])
    assert not finish(store, heir, series=[made_series(0.1)])
    (study,) = worklist(store)
    assert (study.status, study.max_probability) == ("ready", 0.7)


def test_a_renewed_lease_is_kept(store: Store) -> None:
    _fill(store, 1)
    held = claim(store, "one", lease_seconds=-1)
    assert held is not None
    assert renew(store, held, stage="detect", fraction=0.25)
    assert claim(store, "two") is None
    (study,) = worklist(store, status=["scoring"])
    assert (study.stage, study.fraction) == ("detect", 0.25)


def test_an_input_that_kills_every_worker_fails_and_lets_the_next_pass(store: Store) -> None:
    first, second = _fill(store, 2)
    for number in range(MAX_ATTEMPTS):
        taken = claim(store, f"victim {number}", lease_seconds=-1)
        assert taken is not None
        assert taken.key == first
    survivor = claim(store, "survivor")
    assert survivor is not None
    assert survivor.key == second
    (failed,) = worklist(store, status=["failed"])
    assert failed.key == first
    assert "3 workers ended" in failed.failure


def test_a_study_given_back_counts_no_attempt(store: Store) -> None:
    (key,) = _fill(store, 1)
    for _ in range(MAX_ATTEMPTS + 2):
        taken = claim(store, "stopped")
        assert taken is not None
        assert give_back(store, taken)
    assert [s.key for s in worklist(store, status=["received"])] == [key]


def test_the_worklist_shows_the_strongest_first_and_why_one_failed(store: Store) -> None:
    weak, strong, bad = _fill(store, 3)
    for priority, failure in ((0.2, ""), (0.9, ""), (0.0, "no CT series in it")):
        taken = claim(store, "one")
        assert taken is not None
        if failure:
            assert give_up(store, taken, failure=failure)
        else:
            assert finish(store, taken, series=[made_series(priority)])
    listed = worklist(store)
    assert [study.key for study in listed] == [strong, weak, bad]
    assert listed[2].failure == "no CT series in it"


def test_a_failed_study_can_be_tried_again(store: Store) -> None:
    (key,) = _fill(store, 1)
    taken = claim(store, "one")
    assert taken is not None
    assert not try_again(store, key, actor="anna")
    assert give_up(store, taken, failure="the disk was full")
    assert try_again(store, key, actor="anna")
    (study,) = worklist(store)
    assert (study.status, study.failure, study.attempts) == ("received", "", 0)
