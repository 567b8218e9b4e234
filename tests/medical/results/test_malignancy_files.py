from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medical.errors import InputError
from medical.malignancy.context import ClinicalContext
from medical.malignancy.reader import NoduleTokens
from medical.results.malignancy_files import CONTEXT, TOKENS, MalignancyFiles


def _tokens() -> NoduleTokens:
    rng = np.random.default_rng(0)
    shapes = ((2, 64, 33), (2, 8, 65), (2, 4, 96), (2, 20))
    return NoduleTokens(*(rng.normal(size=shape).astype(np.float32) for shape in shapes))


def test_what_was_seen_is_read_back(tmp_path: Path) -> None:
    files = MalignancyFiles(tmp_path)
    assert files.read_tokens() is None
    files.write_tokens(_tokens())
    read = files.read_tokens()
    assert read is not None
    for before, after in zip(_tokens(), read, strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("kind", ["no archive", "other names", "other shapes", "not a number"])
def test_a_damaged_file_is_refused_in_a_sentence(tmp_path: Path, kind: str) -> None:
    file, tokens = tmp_path / TOKENS, _tokens()._asdict()
    match kind:
        case "no archive":
            file.write_bytes(b"PK nothing")
        case "other names":
            np.savez(file, a=np.zeros(3))
        case "other shapes":
            np.savez(file, **{**tokens, "measures": np.zeros((1, 20), np.float32)})
        case _:
            np.savez(file, **{**tokens, "measures": np.full((2, 20), np.nan, np.float32)})
    with pytest.raises(InputError, match=r"tokens\.npz: is damaged"):
        MalignancyFiles(tmp_path).read_tokens()


def test_context_is_kept_and_removed(tmp_path: Path) -> None:
    files, context = MalignancyFiles(tmp_path), ClinicalContext(age_years=60, text="毛刺")
    files.write_context(context)
    assert files.read_context() == context
    files.write_context(ClinicalContext())
    assert files.read_context() is None
    assert not (tmp_path / CONTEXT).exists()


def test_a_damaged_context_is_refused(tmp_path: Path) -> None:
    (tmp_path / CONTEXT).write_text('{"age_years": 900}')
    with pytest.raises(InputError, match=r"context\.json: is damaged"):
        MalignancyFiles(tmp_path).read_context()
