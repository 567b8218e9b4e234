"""What the worklist says of a failure, in its reader's language."""

from __future__ import annotations

from pathlib import Path

from medical.errors import InputError
from medical.i18n.messages import message
from medical.scoring.failures import failure_text, failures_beside

SOURCE = Path("/in/0001")


def error(file: str, problem: str) -> InputError:
    return InputError(SOURCE / file, problem, message("Copy or download it again"))


def test_each_sentence_is_translated_as_the_database_keeps_it() -> None:
    errors = [
        error("a.zip", message("the zip is damaged ({kind})", kind="BadZip")),
        InputError(
            SOURCE,
            message(
                "holds no CT images: {what}",
                what=message(
                    "{first}, {others}",
                    first=message("{reason} ({count})", reason=message("a file"), count=3),
                    others=message(
                        "{reason} ({count})",
                        reason=message("not a CT image but {modality}", modality="MR"),
                        count=2,
                    ),
                ),
            ),
            message("Give the whole volume"),
        ),
    ]
    text = str(failures_beside(errors, SOURCE))
    assert text == (
        "a file in it: the zip is damaged (BadZip). Copy or download it again. "
        "input: holds no CT images: a file (3), not a CT image but MR (2). Give the whole volume."
    )
    assert failure_text(text, "en") == text
    assert failure_text(text, "zh") == (
        "其中一个文件：zip 损坏（BadZip）。请重新复制或下载。 "
        "输入：不含 CT 图像：一个文件（3），不是 CT 图像，而是 MR（2）。请提供完整的体数据。"
    )


def test_many_failures_are_counted() -> None:
    errors = [error(f"{number}.zip", f"problem {number}") for number in range(5)]
    assert failures_beside(errors, SOURCE).endswith(" And 2 more.")
    assert failure_text(failures_beside(errors, SOURCE), "zh").endswith("另有 2 项。")
