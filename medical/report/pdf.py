"""The report as PDF: the text, then each finding's key images, on A4.

The same content gives the same bytes: signed reports are kept and compared.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from medical.ct.volume import CtVolume
from medical.i18n.catalogue import Language, Translator
from medical.report.content import ReportContent
from medical.report.font.typesetting import PDF_FONT, as_markup, chinese_lines, register_pdf_fonts
from medical.report.key_images import KeyImageFlowable, close_up, whole_slice
from medical.report.text import report_sections, signature
from medical.review.reading import ReadFinding

rl_config.useA85 = 0  # pictures as they are: to spell them as text took half of a report's time


class PageCountCanvas(Canvas):  # type: ignore[misc]
    """Keeps each finished page and draws its number once the last is known.

    Args:
        draw_page_number: called with the canvas, the page's number and the number of pages.
    """

    def __init__(
        self,
        *args: Any,
        draw_page_number: Callable[[Canvas, int, int], None],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._draw_page_number = draw_page_number
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802  (ReportLab's name)
        """Keep the page instead of writing it."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write every page with its number, then the document."""
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self._draw_page_number(self, number, len(self._pages))
            super().showPage()
        super().save()


if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

_WIDTH, _HEIGHT = A4
_MARGIN, _TOP, _BOTTOM = 19 * mm, 30 * mm, 19 * mm
_TEXT_WIDTH = _WIDTH - 2 * _MARGIN
_IMAGE_EDGE = 72 * mm
_IMAGE_GAP = 6 * mm
_INK, _GREY, _ORANGE, _RULE = (
    HexColor(colour) for colour in ("#1a222b", "#66727f", "#b85c00", "#c5ccd3")
)


def report_pdf(content: ReportContent, ct: CtVolume | None, *, language: Language) -> bytes:
    """Make the PDF.

    Args:
        content: of the report.
        ct: for key images; without it the report has none.
        language: of the whole report.
    """
    register_pdf_fonts()
    labels, target = Translator(language), io.BytesIO()
    document = BaseDocTemplate(
        target,
        pagesize=A4,
        title=f"{labels('Chest CT: lung nodules')} {content.study.label}",
        creator="StarLung",
        lang="zh-CN" if language == "zh" else "en",
        invariant=1,
    )
    frame = Frame(
        _MARGIN, _BOTTOM, _TEXT_WIDTH, _HEIGHT - _TOP - _BOTTOM,
        leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
    )  # fmt: skip
    draw = partial(_draw_frame, content=content, labels=labels)
    document.addPageTemplates(PageTemplate("page", [frame], onPage=draw))
    story = [*_text(content, labels), *_images(content, ct, labels)]
    page_text = partial(_draw_page_number, labels=labels)
    document.build(
        story,
        canvasmaker=partial(PageCountCanvas, draw_page_number=page_text, initialFontName=PDF_FONT),
    )
    return target.getvalue()


def _style(**changes: Any) -> ParagraphStyle:
    values: dict[str, Any] = {
        "fontName": PDF_FONT,
        "fontSize": 9,
        "leading": 13,
        "textColor": _INK,
        "spaceAfter": 1.2 * mm,
    }
    return ParagraphStyle("report", **{**values, **changes})


def _text(content: ReportContent, labels: Translator) -> Iterator[Flowable]:
    """Write what the report says in words; a heading stays with its first line."""
    line = _style()
    heading = _style(fontSize=10.5, textColor=_GREY, spaceBefore=3 * mm)
    for section in report_sections(content, labels):
        first, *others = (_paragraph(text, labels, line) for text in section.lines or ("",))
        yield KeepTogether([_paragraph(section.title, labels, heading), first])
        yield from others
    yield _paragraph(
        labels("Values in brackets are 95 % intervals."),
        labels,
        _style(fontSize=8, textColor=_GREY),
    )


def _paragraph(text: str, labels: Translator, style: ParagraphStyle) -> Paragraph:
    if labels.language != "zh":
        return Paragraph(as_markup(text), style)
    lines = chinese_lines(text, size=style.fontSize, width=_TEXT_WIDTH)
    return Paragraph("<br/>".join(map(as_markup, lines)), style)


def _images(content: ReportContent, ct: CtVolume | None, labels: Translator) -> Iterator[Flowable]:
    """Show each reported finding twice, whole slice and close up, from a new page on."""
    if ct is None or not content.reported:
        return
    yield PageBreak()
    for finding in content.reported:
        caption = _paragraph(_caption(finding, labels), labels, _style())
        yield CondPageBreak(_IMAGE_EDGE + 12 * mm)
        yield KeepTogether([caption, _image_row(finding, ct), Spacer(0, 5 * mm)])


def _caption(finding: ReadFinding, labels: Translator) -> str:
    measured = finding.measured
    slice_text = labels("slice {number}", number=measured.slice_number)
    place = labels.translate(finding.location)
    return f"{finding.number}. {place} · {slice_text} · {finding.diameter_mm or 0:.1f} mm"


def _image_row(finding: ReadFinding, ct: CtVolume) -> Table:
    center, diameter_mm = finding.measured.center_lps_mm, finding.diameter_mm or 0.0
    images = [
        KeyImageFlowable(image, edge=_IMAGE_EDGE, diameter_mm=diameter_mm)
        for image in (whole_slice(ct, center), close_up(ct, center))
    ]
    row = Table([images], colWidths=[_IMAGE_EDGE + _IMAGE_GAP] * 2, hAlign="LEFT")
    row.setStyle([(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "TOP", "BOTTOM")])
    return row


def _draw_frame(
    canvas: Canvas, document: BaseDocTemplate, *, content: ReportContent, labels: Translator
) -> None:
    """Draw what every page has: title, study, signature, and that this is for research only."""
    title = _style(fontSize=16, leading=20)
    study = _style(fontSize=11, leading=20, alignment=TA_RIGHT)
    note = _style(fontSize=9, textColor=_GREY)
    research = _style(fontSize=8.5, textColor=_ORANGE)
    top = _HEIGHT - 12 * mm
    _draw_text(canvas, labels("Chest CT: lung nodules"), labels, title, top)
    _draw_text(canvas, content.study.label, labels, study, top)
    below = _draw_text(canvas, signature(content, labels), labels, note, top - 8 * mm)
    canvas.setStrokeColor(_RULE)
    canvas.line(_MARGIN, below - 1.5 * mm, _WIDTH - _MARGIN, below - 1.5 * mm)
    _draw_text(
        canvas,
        labels("Research use only – not for diagnosis or treatment"),
        labels,
        research,
        14 * mm,
    )


def _draw_page_number(canvas: Canvas, number: int, count: int, *, labels: Translator) -> None:
    style = _style(fontSize=8, textColor=_GREY, alignment=TA_RIGHT)
    _draw_text(
        canvas,
        labels("Page {number} of {count}", number=number, count=count),
        labels,
        style,
        14 * mm,
    )


def _draw_text(
    canvas: Canvas, text: str, labels: Translator, style: ParagraphStyle, top: float
) -> float:
    """Draw a line across the page from ``top`` down; return where it ends."""
    paragraph = _paragraph(text, labels, style)
    _, height = paragraph.wrapOn(canvas, _TEXT_WIDTH, _HEIGHT)
    paragraph.drawOn(canvas, _MARGIN, top - height)
    return float(top - height)
