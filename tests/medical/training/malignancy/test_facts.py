from __future__ import annotations

from pathlib import Path

import pytest

from medical.errors import InputError
from medical.training.malignancy.facts import read_facts, write_facts
from medical.training.malignancy.nodules import DESCRIPTORS, RatedNodule


def test_what_readers_said_is_read_back(tmp_path: Path) -> None:
    nodules = [
        RatedNodule(
            name="n",
            patient="p",
            diameter_mm=7.5,
            descriptors=dict.fromkeys(DESCRIPTORS, 3),
            malignancy=2,
            readers=((1, 2, 3, 4, 5, 5, 4, 2), (1, 1, 1, 1, 1, 1, 1, 4)),
        )
    ]
    write_facts(nodules, tmp_path / "facts.json")
    (read,) = read_facts(tmp_path / "facts.json")
    for name in ("name", "patient", "diameter_mm", "descriptors", "malignancy", "readers"):
        assert getattr(read, name) == getattr(nodules[0], name)


def test_another_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text('[{"name": 1}]')
    with pytest.raises(InputError, match="no facts of LIDC nodules"):
        read_facts(tmp_path / "facts.json")
