"""A canvas that knows on each page how many there are: it writes them all at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reportlab.pdfgen.canvas import Canvas


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
