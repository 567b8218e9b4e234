"""Typing errors, and texts that say nothing of a nodule."""

from __future__ import annotations

import numpy as np

_KEYS = "abcdefghijklmnopqrstuvwxyz"
_SIGNS = "!@#$%^&*()_+-=[]{}|;:,.<>?/~`'\" \t\n0123456789"
_CHINESE = (
    "的一是不了人我在有他这中大来上个国和说们为子年着就那要下以生会自发可也后里用道行"
    "所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前"
    "开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两"
    "高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特"
)
_WORDS = (
    *("table", "window", "yesterday", "football", "invoice", "lorem", "ipsum", "dolor", "coffee"),
    *("knee", "femur", "fracture", "liver", "kidney", "stone", "appointment", "parking", "weather"),
    *("tax", "holiday", "train", "music", "please", "thanks", "password", "printer", "is", "out"),
)


def with_typing_errors(text: str, *, share: float, rng: np.random.Generator) -> str:
    """Swap, drop, double or replace letters.

    Args:
        text: as meant; digits stay, so that no error changes a size.
        share: of characters with an error.
        rng: draws.
    """
    out: list[str] = []
    for sign in text:
        if not sign.isalpha() or rng.random() >= share:
            out.append(sign)
            continue
        match int(rng.integers(4)):
            case 0:
                pass
            case 1:
                out += [sign, sign]
            case 2:
                out.append(_KEYS[int(rng.integers(len(_KEYS)))] if sign.isascii() else "")
            case _:
                out.insert(max(0, len(out) - 1), sign)
    return "".join(out)


def nonsense(rng: np.random.Generator) -> str:
    """Draw a text that says nothing of a nodule: letters, signs, words of other matters."""
    length = int(rng.integers(1, 120))
    match int(rng.integers(5)):
        case 0:
            return "".join(rng.choice(list(_KEYS + " "), length))
        case 1:
            return "".join(rng.choice(list(_SIGNS + _KEYS), length))
        case 2:
            return " ".join(rng.choice(_WORDS, 1 + length // 8))
        case 3:
            return "".join(rng.choice(list(_CHINESE), length))
        case _:
            points = rng.integers(0x20, 0xD7FF, length)
            return "".join(chr(int(point)) for point in points)
