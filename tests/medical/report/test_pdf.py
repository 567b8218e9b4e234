"""The PDF as a viewer shows it: its text, its pages, its pictures, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pypdfium2 as pdfium
import pytest
from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

from medical.ct.volume import CtVolume, SeriesSource
from medical.geometry import VolumeGeometry
from medical.i18n.catalogue import Language, Translator
from medical.report.content import ReportContent
from medical.report.font.typesetting import as_markup, register_pdf_fonts
from medical.report.pdf import report_pdf
from medical.report.text import report_text
from tests.medical.report.test_harmless import with_text_everywhere

LANGUAGES: tuple[Language, ...] = ("en", "zh")
HOSTILE = "<b>bold</b> &amp; <img src='x'/> </para> 100 % <"
RARE = "喆"  # a name's character outside GB 2312


@pytest.fixture(scope="module")
def ct() -> CtVolume:
    geometry = VolumeGeometry.axial(
        shape=(20, 60, 60), spacing_mm=(5.0, 5.0, 5.0), origin_lps_mm=(-150.0, -150.0, -150.0)
    )
    hu = np.full((20, 60, 60), -900, np.int16)
    return CtVolume(hu, geometry, SeriesSource(series_instance_uid="1.2.3"))


@contextmanager
def opened(pdf: bytes) -> Iterator[pdfium.PdfDocument]:
    document = pdfium.PdfDocument(pdf)
    try:
        yield document
    finally:
        document.close()


def pages(pdf: bytes) -> list[str]:
    with opened(pdf) as document:
        return [page.get_textpage().get_text_range() for page in document]


def solid(text: str) -> str:
    """Without white space, which depends on where lines break."""
    return "".join(text.replace("\ufffe", "").split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_of_the_report_stands_in_the_pdf(
    content: ReportContent, language: Language
) -> None:
    labels = Translator(language)
    text = solid("".join(pages(report_pdf(content, None, language=language))))
    lines = report_text(content, labels).splitlines()
    assert len(lines) > 20
    assert [line for line in lines if solid(line) not in text] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_is_numbered_and_says_that_it_is_for_research(
    content: ReportContent, ct: CtVolume, language: Language
) -> None:
    labels = Translator(language)
    long = replace(content, findings=content.findings * 8)
    texts = pages(report_pdf(long, ct, language=language))
    assert len(texts) >= 5
    for number, text in enumerate(texts, start=1):
        assert solid(labels("Page {number} of {count}", number=number, count=len(texts))) in solid(
            text
        )
        for words in (
            "Chest CT: lung nodules",
            "DRAFT – not signed",
            "Research use only – not for diagnosis or treatment",
        ):
            assert solid(labels(words)) in solid(text)
        assert content.study.label in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_markup_from_outside_stands_as_it_was_typed(
    content: ReportContent, language: Language
) -> None:
    hostile = with_text_everywhere(content, HOSTILE)
    text = solid("".join(pages(report_pdf(hostile, None, language=language))))
    assert text.count(solid(HOSTILE)) >= 5


def test_the_same_content_gives_the_same_bytes(content: ReportContent, ct: CtVolume) -> None:
    first, second = (report_pdf(content, ct, language="zh") for _ in range(2))
    assert first == second


def test_pictures_are_there_where_there_are_images(content: ReportContent, ct: CtVolume) -> None:
    def pictures(pdf: bytes) -> int:
        with opened(pdf) as document:
            kinds = [item.type for page in document for item in page.get_objects()]
        return kinds.count(FPDF_PAGEOBJ_IMAGE)

    assert pictures(report_pdf(content, ct, language="en")) == 2 * len(content.reported)
    assert pictures(report_pdf(content, None, language="en")) == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_font_of_the_machine_is_needed(content: ReportContent, language: Language) -> None:
    plain = replace(content, findings=content.findings[1:])
    for character in report_text(plain, Translator(language)):
        assert character == "\n" or ord(character) in register_pdf_fonts(), character
    pdf = report_pdf(plain, None, language=language)
    assert b"/FontFile2" in pdf
    assert b"STSong-Light" not in pdf


def test_a_rare_character_is_left_to_the_viewers_font(content: ReportContent) -> None:
    assert as_markup(f"a {RARE} <") == f'a <font face="STSong-Light">{RARE}</font> &lt;'
    named = with_text_everywhere(content, RARE)
    pdf = report_pdf(named, None, language="en")
    assert b"STSong-Light" in pdf
    assert RARE in "".join(pages(pdf))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("long", ["W" * 300, "结" * 300, "12.5 mm–" * 60])
def test_no_line_runs_past_the_margin(
    content: ReportContent, language: Language, long: str
) -> None:
    pdf = report_pdf(with_text_everywhere(content, long), None, language=language)
    with opened(pdf) as document:
        ends = [
            text.get_charbox(index)[2] / page.get_width()
            for page in document
            for text in [page.get_textpage()]
            for index in range(text.count_chars())
        ]
    assert len(ends) > 1000
    assert max(ends) < 0.92


A_MM = (slice(37.5, 40.5), slice(53.5, 56.5))
"""Where the A above the first key image stands: down and across the page."""


@pytest.mark.parametrize(("hu", "seen"), [(-900, "white"), (300, "black")])
def test_a_key_image_s_letters_are_seen_on_any_tissue(
    content: ReportContent, ct: CtVolume, hu: int, seen: str
) -> None:
    tissue = CtVolume(np.full_like(ct.hu, hu), ct.geometry, ct.source)
    scale = 4.0
    with opened(report_pdf(content, tissue, language="en")) as document:
        page = document[len(document) - 1].render(scale=scale).to_numpy()[..., 0]
    down, across = (
        slice(*(round(end * scale * 72 / 25.4) for end in (way.start, way.stop))) for way in A_MM
    )
    letter = page[down, across]
    assert ((letter > 240) if seen == "white" else (letter < 15)).mean() > 0.05
