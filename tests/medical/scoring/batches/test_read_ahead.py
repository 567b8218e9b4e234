"""A run over many inputs: the next CT is read meanwhile, and nothing else is different."""

from __future__ import annotations

import threading
from pathlib import Path

import nibabel
import numpy as np
import pytest

from medical.ct.prepare import prepare
from medical.ct.volume import CtVolume
from medical.io.series_handle import SeriesHandle
from medical.scoring.batches.naming import ResultNames
from medical.scoring.batches.read_ahead import ReadAhead, Step
from tests.medical.scoring.small_chest import write_small_chest


@pytest.fixture
def chests(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "in" / name for name in ("a.nii.gz", "bad.nii.gz", "b.nii.gz", "c.nii.gz")]
    paths[0].parent.mkdir()
    for seed, path in enumerate(paths):
        write_small_chest(path, seed=seed)
    paths[1].write_bytes(b"no volume")
    return [*paths, tmp_path / "in" / "absent", paths[0]]


def ahead_of(tmp_path: Path) -> ReadAhead:
    (tmp_path / "out").mkdir(exist_ok=True)
    names = ResultNames(tmp_path / "out")
    limits = {"keep_names": True, "limit_seconds": 60.0}
    return ReadAhead(names, tmp_path / "work", earlier=lambda *_: None, **limits)  # type: ignore[arg-type]


def run(ahead: ReadAhead, paths: list[Path]) -> list[Step]:
    return list(ahead.steps(paths, meanwhile=lambda: None, report=lambda share: None))


def test_series_failures_and_repeats_come_in_the_order_of_the_inputs(
    chests: list[Path], tmp_path: Path
) -> None:
    steps = run(ahead_of(tmp_path), chests)
    named = [step.series.handle.base_name if step.series else None for step in steps]
    assert named == ["a", "b", "c", None]
    assert [[failure.error.path.name for failure in step.failures] for step in steps] == [
        [], ["bad.nii.gz"], [], ["absent"]
    ]  # fmt: skip
    ((_, reason),) = steps[-1].not_chosen
    assert reason == "the same files as a, scored once"
    assert all(isinstance(step.series.outcome, CtVolume) for step in steps[:-1] if step.series)


def test_a_ct_comes_prepared_and_one_without_lungs_as_it_is(
    chests: list[Path], tmp_path: Path
) -> None:
    solid = tmp_path / "in" / "solid.nii.gz"
    tissue = np.full((64, 64, 64), -1000, np.int16)  # a body in air, without lungs
    tissue[8:56, 8:56] = np.random.default_rng(0).integers(-50, 90, (48, 48, 64))
    nibabel.save(nibabel.Nifti1Image(tissue, np.diag([3, 3, 3, 1])), solid)
    first, second, _ = run(ahead_of(tmp_path), [chests[0], solid])
    assert first.series and isinstance(first.series.outcome, CtVolume)
    wanted = prepare(first.series.outcome, with_sides=True)
    assert first.series.prepared is not None and first.series.prepare_seconds > 0
    np.testing.assert_array_equal(first.series.prepared.hu, wanted.hu)
    assert first.series.prepared.sides is not None
    assert second.series and isinstance(second.series.outcome, CtVolume)
    assert second.series.prepared is None  # who scores it says why, in its turn


def test_one_ct_is_read_ahead_and_no_more(
    chests: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    second = threading.Event()
    load = SeriesHandle.load

    def counted(self: SeriesHandle, **options: object) -> CtVolume:
        begun.append(self.base_name)
        if len(begun) == 2:
            second.set()
        return load(self, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(SeriesHandle, "load", counted)
    steps = ahead_of(tmp_path).steps(chests, meanwhile=lambda: None, report=lambda share: None)
    next(steps)
    assert second.wait(30)  # nobody has asked for it yet
    assert begun == ["a", "b"]
    next(steps)
    steps.close()
    assert begun[:2] == ["a", "b"]
    assert len(begun) <= 3


def test_the_first_ct_is_read_while_something_else_is_made_ready(
    chests: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = threading.Event()
    load = SeriesHandle.load

    def waits(self: SeriesHandle, **options: object) -> CtVolume:
        assert ready.wait(30)  # made ready while this CT is being read, or never
        return load(self, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(SeriesHandle, "load", waits)
    steps = ahead_of(tmp_path).steps(chests[:1], meanwhile=ready.set, report=lambda share: None)
    assert len(list(steps)) == 2


def test_what_fails_loudly_is_not_swallowed(
    chests: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: SeriesHandle, **options: object) -> CtVolume:
        raise ZeroDivisionError

    monkeypatch.setattr(SeriesHandle, "load", broken)
    with pytest.raises(ZeroDivisionError):
        run(ahead_of(tmp_path), chests)
