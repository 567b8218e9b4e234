"""Make the shipped font anew: ``python -m medical.report.font.make NotoSansCJK-Regular.ttc``.

The source is Noto Sans CJK 2.004 (Debian's ``fonts-noto-cjk``), 20 MB for four countries. ReportLab
embeds TrueType outlines only, so the subset's cubic curves become quadratic, within a thousandth of
the em. fontTools comes with matplotlib.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

from medical.report.font.typesetting import FAMILY, FONT_FILE, PDF_FONT

_SIMPLIFIED_CHINESE = 2  # place of that face in the collection
_CURVE_ERROR = 1.0  # thousandths of the em
_RANGES = (
    (0x20, 0x17F),  # Latin
    (0x370, 0x45F),  # Greek, Cyrillic
    (0x2010, 0x206F),  # punctuation
    (0x2190, 0x21FF),  # arrows
    (0x2200, 0x226F),  # mathematical signs
)


def code_points() -> set[int]:
    """Return what the font holds: the ranges above and GB 2312."""
    leads, trails = range(0xA1, 0xF8), range(0xA1, 0xFF)
    both = (bytes([lead, trail]) for lead in leads for trail in trails)
    chinese = {ord(text) for code in both if (text := code.decode("gb2312", "ignore"))}
    return chinese.union(*(range(first, last + 1) for first, last in _RANGES))


def make_font(source: Path, target: Path) -> None:
    """Write the subset of a font collection as TrueType."""
    font = TTFont(source, fontNumber=_SIMPLIFIED_CHINESE, lazy=False, recalcTimestamp=False)
    options = subset.Options(
        layout_features=[],
        hinting=False,
        desubroutinize=True,
        notdef_outline=True,
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14],
        drop_tables=["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx"],
    )
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=code_points())
    subsetter.subset(font)
    _to_true_type(font)
    for number, text in ((1, FAMILY), (4, FAMILY), (6, PDF_FONT)):
        font["name"].setName(text, number, 3, 1, 0x409)
    font.save(target)


def _to_true_type(font: Any) -> None:
    glyphs, order = font.getGlyphSet(), font.getGlyphOrder()
    table = newTable("glyf")
    table.glyphOrder, table.glyphs = order, {}
    for name in order:
        pen = TTGlyphPen(glyphs)
        glyphs[name].draw(Cu2QuPen(pen, _CURVE_ERROR, reverse_direction=True))
        table.glyphs[name] = pen.glyph()
    del font["CFF "]
    font["loca"], font["glyf"] = newTable("loca"), table
    limits = font["maxp"]
    limits.tableVersion, limits.maxZones, limits.maxComponentDepth = 0x00010000, 1, 0
    for name in (
        *("maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs"),
        *("maxStackElements", "maxSizeOfInstructions", "maxComponentElements"),
    ):
        setattr(limits, name, 0)
    font["post"].formatType = 3.0
    font["head"].glyphDataFormat = 0
    font.sfntVersion = "\0\1\0\0"


if __name__ == "__main__":
    make_font(Path(sys.argv[1]), FONT_FILE)
