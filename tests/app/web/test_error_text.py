"""An error's folder is shown to an administrator only, in the language of the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.web.failures import shown_sentence
from app.web.security.identity import Reader
from medical.errors import InputError
from medical.evaluation.result import read_evaluation
from medical.i18n.catalogue import translate
from medical.scoring.failures import model_unusable
from models.zoo.loader import ModelNotFoundError


@pytest.mark.parametrize("administrator", [True, False])
def test_only_who_may_name_folders_sees_one(administrator: bool, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read_evaluation(tmp_path)
    text = shown_sentence(refused.value, Reader("anna", administrator))
    assert "holds no evaluation.json. Name a folder" in text
    assert (str(tmp_path) in text) == administrator


def test_who_has_not_logged_in_sees_none(tmp_path: Path) -> None:
    assert str(tmp_path) not in shown_sentence(InputError(tmp_path, "is empty", "Fill it"), None)


def test_a_missing_model_is_said_in_chinese() -> None:
    error = model_unusable(ModelNotFoundError("a", "b, c"))
    assert "没有名为“a”的模型；现有模型：b, c" in translate(error.sentence, "zh")


def test_an_evaluation_that_is_none_is_said_in_chinese(tmp_path: Path) -> None:
    (tmp_path / "evaluation.json").write_text("{}")
    with pytest.raises(InputError) as refused:
        read_evaluation(tmp_path)
    assert "不是“starlung evaluate”写出的内容" in translate(refused.value.sentence, "zh")
