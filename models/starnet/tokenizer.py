"""Text to subwords and numbers: a SentencePiece model that lies beside the weights.

A number with its unit becomes one token of the unit and a value, so that 1.2 cm and 12 mm are the
same. Whatever is typed has tokens: what the vocabulary lacks is spelled in bytes.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sentencepiece
import torch

from models.starnet.text_encoder import Text

MAX_CHARACTERS = 4000
_UNITS: dict[str, tuple[str, float]] = {
    "mm": ("<mm>", 1.0), "millimetre": ("<mm>", 1.0), "millimetres": ("<mm>", 1.0),
    "millimeter": ("<mm>", 1.0), "millimeters": ("<mm>", 1.0), "毫米": ("<mm>", 1.0),
    "cm": ("<mm>", 10.0), "centimetre": ("<mm>", 10.0), "centimetres": ("<mm>", 10.0),
    "centimeter": ("<mm>", 10.0), "centimeters": ("<mm>", 10.0), "厘米": ("<mm>", 10.0),
    "公分": ("<mm>", 10.0),
    "pack-years": ("<packyears>", 1.0), "pack years": ("<packyears>", 1.0),
    "pack-year": ("<packyears>", 1.0), "pack year": ("<packyears>", 1.0),
    "py": ("<packyears>", 1.0), "包年": ("<packyears>", 1.0), "年包": ("<packyears>", 1.0),
    "years": ("<years>", 1.0), "year": ("<years>", 1.0), "yrs": ("<years>", 1.0),
    "yr": ("<years>", 1.0), "y": ("<years>", 1.0), "yo": ("<years>", 1.0), "y/o": ("<years>", 1.0),
    "岁": ("<years>", 1.0), "hu": ("<hu>", 1.0),
}  # fmt: skip
_NUMBER = "<number>"
SYMBOLS = (*dict.fromkeys(symbol for symbol, _ in _UNITS.values()), _NUMBER)
_WORDS = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_PATTERN = re.compile(
    rf"(?<![0-9a-z.])(\d{{1,6}}(?:[.,]\d{{1,3}})?)[ -]{{0,2}}(?:({_WORDS})(?![a-z]))?",
    re.IGNORECASE,
)
_BRACKETS = {"<": "‹", ">": "›"}  # a text may not bring symbols of its own


class Tokens(NamedTuple):
    """One text: subwords, and the value that goes with each; 0 where it is no number."""

    ids: list[int]
    values: list[float]


class Tokenizer:
    """Subwords of both languages.

    Args:
        model: as ``train_model`` made it.
    """

    def __init__(self, model: bytes) -> None:
        self.processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        self.numbers = {self.processor.piece_to_id(symbol) for symbol in SYMBOLS}

    @property
    def size(self) -> int:
        """How many subwords there are."""
        return int(self.processor.get_piece_size())

    def tokens(self, text: str, *, most: int) -> Tokens:
        """Cut one text; what is beyond ``most`` tokens is left out."""
        plain, numbers = read_numbers(text)
        ids = [int(number) for number in self.processor.encode(plain)][:most]
        left = iter(numbers)
        values = [next(left, 0.0) if number in self.numbers else 0.0 for number in ids]
        return Tokens(ids, values)

    def batch(self, texts: Sequence[str], *, most: int) -> Text:
        """Cut several texts; an empty one has no token."""
        cut = [self.tokens(text, most=most) for text in texts]
        width = max(1, *(len(each.ids) for each in cut))
        ids = torch.zeros(len(cut), width, dtype=torch.long)
        values, present = torch.zeros(len(cut), width), torch.zeros(len(cut), width).bool()
        for row, each in enumerate(cut):
            count = len(each.ids)
            ids[row, :count] = torch.tensor(each.ids, dtype=torch.long)
            values[row, :count] = torch.tensor(each.values)
            present[row, :count] = True
        return Text(ids, values, present)


def read_numbers(text: str) -> tuple[str, list[float]]:
    """Replace each number by the symbol of its unit; the values in millimetres, years and so on."""
    whole = text[:MAX_CHARACTERS].encode("utf-8", "replace").decode()  # half a pair is no letter
    plain = unicodedata.normalize("NFKC", whole).lower()[:MAX_CHARACTERS]
    plain = "".join(_BRACKETS.get(sign, sign) for sign in plain)
    values: list[float] = []

    def replace(match: re.Match[str]) -> str:
        symbol, factor = _UNITS.get((match[2] or "").lower(), (_NUMBER, 1.0))
        values.append(float(match[1].replace(",", ".")) * factor)
        return f" {symbol} "

    return _PATTERN.sub(replace, plain), values


def train_model(texts: Iterable[str], *, size: int) -> bytes:
    """Learn subwords from texts.

    Args:
        texts: of both languages.
        size: of the vocabulary, with 256 bytes and the numbers' symbols.
    """
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(read_numbers(text)[0] for text in texts),
        model_writer=model,
        vocab_size=size,
        model_type="unigram",
        byte_fallback=True,
        character_coverage=1.0,
        user_defined_symbols=list(SYMBOLS),
        pad_id=0,
        unk_id=1,
        bos_id=-1,
        eos_id=-1,
        num_threads=1,
        # a phrase may be one piece: a few hundred nodules teach words faster than letters
        split_by_whitespace=False,
        max_sentencepiece_length=24,
        minloglevel=2,
    )
    return model.getvalue()
