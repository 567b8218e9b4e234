from __future__ import annotations

import pytest

from models.starnet.tokenizer import MAX_CHARACTERS, Tokenizer, read_numbers, train_model

_TEXTS = (
    "spiculated nodule measuring 12 mm", "结节直径12毫米，可见毛刺", "smooth round nodule",
    "边界清楚的圆形结节", "67-year-old, 30 pack-years", "患者67岁，吸烟30包年",
)  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(train_model(_TEXTS * 20, size=304))


@pytest.mark.parametrize(
    ("text", "plain", "values"),
    [
        ("nodule of 12 mm", "nodule of  <mm> ", [12]),
        ("1.2cm", " <mm> ", [12]),
        ("1,2 cm", " <mm> ", [12]),
        ("直径约1.2厘米", "直径约 <mm> ", [12]),
        ("67-year-old", " <years> -old", [67]),
        ("患者67岁", "患者 <years> ", [67]),
        ("吸烟30包年", "吸烟 <packyears> ", [30]),
        ("30 py", " <packyears> ", [30]),
        ("４ ｍｍ", " <mm> ", [4]),
        ("grade 3", "grade  <number> ", [3]),
        ("T1N0", "t1n0", []),
    ],
)
def test_numbers_with_units(text: str, plain: str, values: list[float]) -> None:
    assert read_numbers(text) == (plain, pytest.approx(values))


def test_the_same_size_has_the_same_tokens(tokenizer: Tokenizer) -> None:
    first, second = (tokenizer.tokens(text, most=9) for text in ("12 mm", "1.2cm"))
    assert first.ids == second.ids
    assert first.values == pytest.approx(second.values)


def test_a_text_brings_no_symbols_of_its_own(tokenizer: Tokenizer) -> None:
    tokens = tokenizer.tokens("<mm> <packyears>", most=40)
    assert not set(tokens.ids) & tokenizer.numbers


@pytest.mark.parametrize(
    "text", ["", "\x00\x01", "🙂" * 50, "𠀀", "a" * 100_000, "９" * 5000, "\ud800"]
)
def test_whatever_is_typed_has_tokens_or_none(tokenizer: Tokenizer, text: str) -> None:
    assert len(tokenizer.tokens(text, most=96).ids) <= 96


def test_of_a_long_text_only_the_beginning_is_read() -> None:
    assert len(read_numbers("b" * 10 * MAX_CHARACTERS)[0]) == MAX_CHARACTERS


def test_a_batch_marks_what_is_present(tokenizer: Tokenizer) -> None:
    text = tokenizer.batch(["smooth nodule", ""], most=96)
    assert text.present[0].any()
    assert not text.present[1].any()
    assert (text.ids[1] == 0).all()
