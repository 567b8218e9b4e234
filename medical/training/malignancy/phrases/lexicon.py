"""What a lexicon of one language holds."""

from __future__ import annotations

from dataclasses import dataclass

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Phrases of one language; of each tuple the last is kept back to test with.

    Args:
        looks: phrases by descriptor and rating.
        unsure: how a phrase is hedged, with ``{}`` for it.
        size: sentences with ``{}`` for the size.
        millimetres: with ``{:g}`` or the like.
        centimetres: the same in centimetres.
        context: phrases of each field of ``ClinicalContext`` for yes and for no; those of numbers
            have ``{}`` in place of the number and lie under yes.
        joints: what stands between phrases.
        ends: what stands at the end.
        filler: sentences of other matters.
        short: abbreviations of words, by the word.
    """

    looks: dict[str, dict[int, Words]]
    unsure: Words
    size: Words
    millimetres: Words
    centimetres: Words
    context: dict[str, tuple[Words, Words]]
    joints: Words
    ends: Words
    filler: Words
    short: dict[str, str]
