from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.distributed.checkpoints import CheckpointStore, SnapshotWriter
from tests.logs import logged


def tensors(value: float) -> dict[str, Tensor]:
    return {"a.x": torch.full((1000,), value), "b.y": torch.tensor(3)}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    store.write(7, tensors(1.5))
    assert store.newest() == (7, [])
    read = store.read(7, prefixes=("a.",))
    assert list(read) == ["a.x"]
    assert torch.equal(read["a.x"], torch.full((1000,), 1.5))


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path, keep=2)
    for step in (1, 2, 3):
        store.write(step, tensors(step))
    assert store.steps() == [2, 3]


@pytest.mark.parametrize("name", ["__0_0.distcp", ".metadata", "manifest.json"])
def test_damage_to_any_file_is_seen(tmp_path: Path, name: str) -> None:
    store = CheckpointStore(tmp_path)
    store.write(1, tensors(1))
    store.write(2, tensors(2))
    damaged = store.place(2) / name
    damaged.write_bytes(damaged.read_bytes()[:-7])
    step, remarks = store.newest()
    assert step == 1
    assert "step 2 is torn" in remarks[0]


def test_folder_without_manifest_is_no_checkpoint(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    store.write(1, tensors(1))
    store.write(2, tensors(2))
    (store.place(2) / "manifest.json").unlink()
    assert store.newest() == (1, [])
    store.remove_torn(after=1)
    assert not store.place(2).exists()


def test_snapshot_holds_the_values_of_its_moment(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    writer = SnapshotWriter(store)
    moving = torch.zeros(200_000)
    writer.submit(1, {"x": moving})
    moving += 1
    writer.wait()
    assert float(store.read(1, prefixes=("x",))["x"].max()) == 0.0


def test_failed_write_is_said_and_the_next_one_counts(tmp_path: Path) -> None:
    blocked = tmp_path / "checkpoints"
    blocked.write_text("in the way")
    writer = SnapshotWriter(CheckpointStore(blocked))
    with logged() as lines:
        writer.submit(1, tensors(1))
        writer.wait()
    assert writer.failed
    assert "step 1 could not be written" in lines[0]
    assert "\n" not in lines[0]
    blocked.unlink()
    writer.submit(2, tensors(2))
    writer.wait()
    assert not writer.failed
    assert writer.store.newest() == (2, [])


def test_nothing_to_keep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="keep"):
        CheckpointStore(tmp_path, keep=0)
