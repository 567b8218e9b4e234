"""Break Chinese text into lines: ReportLab's own rules know Japanese punctuation only.

Closing punctuation never begins a line and an opening bracket never ends one; ReportLab would begin
lines with the full-width comma, colon and semicolon.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from medical.report.font.embedded import PDF_FONT, register_pdf_fonts

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
