import numpy as np

from medical.synthesis.case import TrainingCase
from tests.benchmarks.folds.packed import pack, unpack


def test_what_a_fold_learns_from_arrives_to_the_voxel(tmp_path):
    rng = np.random.default_rng(0)
    cases = tmp_path / "data" / "cases"
    cases.mkdir(parents=True)
    for name in ("lidc-idri-0001", "lidc-idri-0002"):  # the fold ``unseen`` leaves out the second
        code = rng.integers(0, 256, (7, 9, 11)).astype(np.uint8)
        nodules = np.array([[1, 2, 3, 8]], np.float32)
        TrainingCase(name, code, code > 99, nodules, slice_mm=2.5).save(cases / f"{name}.npz")
    np.savez(tmp_path / "data" / "pool.npz", shapes=np.arange(5))

    pack(tmp_path / "data", tmp_path / "packed", "unseen")
    unpack(tmp_path / "packed", tmp_path / "there")

    assert [file.stem for file in (tmp_path / "there" / "cases").iterdir()] == ["lidc-idri-0001"]
    before = TrainingCase.load(cases / "lidc-idri-0001.npz")
    after = TrainingCase.load(tmp_path / "there" / "cases" / "lidc-idri-0001.npz")
    assert np.array_equal(before.code, after.code) and np.array_equal(before.lung, after.lung)
    assert np.array_equal(before.nodules, after.nodules) and after.slice_mm == 2.5
    with np.load(tmp_path / "there" / "pool.npz") as pool:
        assert pool["shapes"].tolist() == list(range(5))
