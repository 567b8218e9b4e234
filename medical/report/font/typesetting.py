"""Write any text in a PDF: in the shipped font, and in the viewer's own for rarer characters.

The font holds Latin, Greek, Cyrillic and the 6,763 Chinese characters of GB 2312, which cover our
own texts. A reader's name or comment may hold rarer ones (some 14,000 more would treble the file);
these are set in STSong-Light, which a PDF may name without holding it: a viewer shows them where
its machine has a Chinese font, and a box for each where it has none.

Chinese text is broken into lines here, since ReportLab's rules know Japanese punctuation only and
would begin lines with the full-width comma, colon and semicolon. Closing punctuation never begins
a line and an opening bracket never ends one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

FONT_FILE = Path(__file__).with_name("NotoSansSC-GB2312.ttf")
FAMILY = "StarLung Noto Sans SC"
"""The family's name inside the file, by which matplotlib knows it."""
PDF_FONT = "StarLungNotoSansSC"
_VIEWERS_FONT = "STSong-Light"


@cache
def register_pdf_fonts() -> frozenset[int]:
    """Make the fonts known to ReportLab; return the code points that ours holds."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    font: Any = TTFont(PDF_FONT, str(FONT_FILE))
    pdfmetrics.registerFont(font)
    pdfmetrics.registerFontFamily(PDF_FONT, PDF_FONT, PDF_FONT, PDF_FONT, PDF_FONT)
    pdfmetrics.registerFont(UnicodeCIDFont(_VIEWERS_FONT))
    return frozenset(font.face.charToGlyph)


@cache
def register_plot_font() -> str:
    """Make the font known to matplotlib; return its family."""
    from matplotlib.font_manager import fontManager

    fontManager.addfont(FONT_FILE)
    return FAMILY


def as_markup(text: str) -> str:
    """Write a text for a ReportLab paragraph: as it stands, whatever tags or entities it holds."""
    held = register_pdf_fonts()
    runs = groupby(text, key=lambda character: ord(character) in held)
    return "".join(
        escape("".join(run)) if shipped else _in_viewers_font("".join(run)) for shipped, run in runs
    )


def _in_viewers_font(text: str) -> str:
    return f'<font face="{_VIEWERS_FONT}">{escape(text)}</font>'


_WIDE = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_OPENING, _CLOSING = "（「『【《", "。，、；：？！）」』】》"
_PIECE = re.compile(
    rf"[{_OPENING}]*(?:[^\s{_WIDE}]+|[{_WIDE}])[{_CLOSING}]*|[{_OPENING}{_CLOSING}]+|\s+"
)


def chinese_lines(text: str, *, size: float, width: float) -> list[str]:
    """Break ``text``, set in the shipped font at ``size`` points, into lines of ``width`` points.

    It breaks between any two Chinese characters and between other words; a word wider than a line
    is cut.
    """
    lines, line = [], ""
    for piece in _pieces(text, size, width):
        if line and _width(line + piece.rstrip(), size) > width:
            lines.append(line.rstrip())
            line = ""
        line = (line + piece) if line else piece.lstrip()
    return [*lines, line.rstrip()]


def _pieces(text: str, size: float, width: float) -> Iterator[str]:
    for piece in _PIECE.findall(text):
        start = 0
        for end in range(1, len(piece) + 1):
            if _width(piece[start:end], size) > width:
                yield piece[start : end - 1]
                start = end - 1
        yield piece[start:]


def _width(text: str, size: float) -> float:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    register_pdf_fonts()
    return float(stringWidth(text, PDF_FONT, size))
