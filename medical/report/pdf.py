"""The report as PDF: the text, then each finding's key images, on A4."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from medical.ct.volume import CtVolume
from medical.report.content import ReportContent
from medical.report.fonts import chinese_font
from medical.report.key_images import LUNG_WINDOW_HU, KeyImage, close_up, whole_slice
from medical.report.text import Section, report_sections, signature
from medical.report.words.labels import Labels, Language
from medical.report.wrap import wrap
from medical.review.reading import ReadFinding

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_A4_INCHES = (8.27, 11.69)
_LEFT, _TOP, _BOTTOM = 0.09, 0.86, 0.08
_LINE = 0.0155
_COLUMNS = 92  # lines of nothing but figures and signs must not run past the margin
_IMAGES_A_PAGE = 3
_INK, _GREY, _RING = "#1a222b", "#66727f", "#d9822b"


def pdf_language(wanted: Language) -> Language:
    """Return the language that the PDF can be in: Chinese needs a font that is not shipped."""
    return "zh" if wanted == "zh" and chinese_font() is not None else "en"


def report_pdf(content: ReportContent, ct: CtVolume | None, *, language: Language) -> bytes:
    """Make the PDF.

    Args:
        content: what to say.
        ct: for key images; without it the report has none.
        language: see ``pdf_language``.
    """
    import matplotlib
    from matplotlib.backends.backend_pdf import PdfPages

    labels = Labels(pdf_language(language))
    target = io.BytesIO()
    settings: dict[Any, Any] = {
        "font.family": _fonts(labels),
        "pdf.fonttype": 42,
        "text.parse_math": False,
    }
    with matplotlib.rc_context(settings):
        figures = [*text_pages(content, labels), *_image_pages(content, ct, labels)]
        facts = {"Title": f"{labels('title')} {content.study.label}", "Creator": "StarLung"}
        with PdfPages(target, metadata=facts) as pages:
            for number, figure in enumerate(figures, start=1):
                said = labels("page", number=number, count=len(figures))
                figure.text(0.91, 0.035, said, ha="right", fontsize=8, color=_GREY)
                pages.savefig(figure)
    return target.getvalue()


def _fonts(labels: Labels) -> list[str]:
    chinese = chinese_font() if labels.language == "zh" else None
    return [chinese, "DejaVu Sans"] if chinese is not None else ["DejaVu Sans"]


def _page(content: ReportContent, labels: Labels) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=_A4_INCHES)
    figure.text(_LEFT, 0.935, labels("title"), fontsize=16, weight="bold", color=_INK)
    figure.text(0.91, 0.937, content.study.label, fontsize=12, ha="right", color=_INK)
    figure.text(_LEFT, 0.912, signature(content, labels), fontsize=9, color=_GREY)
    figure.add_artist(_rule(figure, 0.9))
    research = labels("research")
    figure.text(_LEFT, 0.035, research, fontsize=8, weight="bold", color=_RING)
    return figure


def _rule(figure: Figure, y: float) -> Line2D:
    from matplotlib.lines import Line2D

    return Line2D([_LEFT, 0.91], [y, y], transform=figure.transFigure, color="#c5ccd3", lw=0.8)


def text_pages(content: ReportContent, labels: Labels) -> Iterator[Figure]:
    """Draw what the report says in words, a figure a page of A4."""
    figure, y = _page(content, labels), _TOP
    for section in report_sections(content, labels):
        for line, heading, space in _lines(section):
            y -= space * _LINE
            if y < _BOTTOM + (2 * _LINE if heading else 0):
                yield figure
                figure, y = _page(content, labels), _TOP
            weight = "bold" if heading else "normal"
            figure.text(_LEFT, y, line, fontsize=9, weight=weight, color=_INK)
            y -= _LINE
        y -= 0.5 * _LINE
    figure.text(_LEFT, max(y, _BOTTOM - _LINE), labels("intervals"), fontsize=8, color=_GREY)
    yield figure


def _lines(section: Section) -> Iterator[tuple[str, bool, float]]:
    """Each line, whether it is a heading, and the space before it in lines."""
    yield section.title, True, 0.4
    for text in section.lines:
        space = 0.25
        for line in wrap(text, _COLUMNS):
            yield line, False, space
            space = 0.0


def _image_pages(content: ReportContent, ct: CtVolume | None, labels: Labels) -> Iterator[Figure]:
    if ct is None:
        return
    shown = content.reported
    for first in range(0, len(shown), _IMAGES_A_PAGE):
        figure = _page(content, labels)
        for row, one in enumerate(shown[first : first + _IMAGES_A_PAGE]):
            _image_row(figure, row, one, ct, labels)
        yield figure


def _image_row(figure: Figure, row: int, one: ReadFinding, ct: CtVolume, labels: Labels) -> None:
    measured = one.measured
    height = 0.245
    bottom = _TOP - 0.01 - (row + 1) * 0.275 + 0.03
    caption = (
        f"{one.number}. {labels.location(measured.location)} · "
        f"{labels('slice', number=measured.slice_number)} · {one.diameter_mm or 0:.1f} mm"
    )
    figure.text(_LEFT, bottom + height + 0.005, caption, fontsize=9, weight="bold", color=_INK)
    width = height * _A4_INCHES[1] / _A4_INCHES[0]
    pictures = (whole_slice(ct, measured.center_lps_mm), close_up(ct, measured.center_lps_mm))
    for column, picture in enumerate(pictures):
        axes = figure.add_axes((_LEFT + column * (width + 0.03), bottom, width, height))
        _draw(axes, picture, one.diameter_mm or 0.0)


def _draw(axes: Axes, picture: KeyImage, diameter_mm: float) -> None:
    from matplotlib.patches import Circle

    low, high = LUNG_WINDOW_HU
    edge = picture.edge_mm
    axes.imshow(picture.hu, cmap="gray", vmin=low, vmax=high, extent=(0, edge, edge, 0))
    ring = Circle(picture.center_mm, diameter_mm * 0.6 + 2, fill=False, color=_RING, lw=1.2)
    axes.add_patch(ring)
    axes.plot([edge * 0.05, edge * 0.05 + 10], [edge * 0.95] * 2, color="white", lw=2)
    axes.text(edge * 0.05, edge * 0.93, "10 mm", color="white", fontsize=7, va="bottom")
    axes.text(edge * 0.02, edge / 2, "R", color="white", fontsize=8, va="center")
    axes.text(edge * 0.98, edge / 2, "L", color="white", fontsize=8, va="center", ha="right")
    axes.set_axis_off()
