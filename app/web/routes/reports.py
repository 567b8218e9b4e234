"""A report's files and their addresses: made at the click, or given out as they were signed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.web.reading.prior_panel import Comparison, change_in, findings_of
from app.web.security.browsers import holder
from app.web.security.secrets import AddressTokens
from app.web.views.model_card import card_of
from medical.errors import InputError
from medical.i18n.catalogue import LANGUAGES, Language, Translator
from medical.report.content import ReportContent, detection_limits, report_content
from medical.report.pdf import report_pdf
from medical.report.record import report_json
from medical.report.tables import report_csv
from medical.report.text import report_text
from medical.results.folder import ResultFolder
from medical.results.images import header_of
from medical.review.reading import StudyReading
from medical.review.signed_reports import ReportFile, as_signed
from medical.store.series import KeptSeries

FORMS = ("pdf", "txt", "csv", "json")


def report_file(
    form: str,
    reading: StudyReading,
    series: KeptSeries,
    comparison: Comparison | None,
    language: Language,
) -> bytes:
    """One form of the report of one series.

    Args:
        form: among ``FORMS``.
        reading: the study as it is decided.
        series: of the study, which the report is of.
        comparison: with an earlier CT, whose findings are taken as they are decided by now.
        language: of the text and the PDF.
    """
    folder, content = series.folder, report_content(reading, series.scored)
    if comparison is not None:
        latest = replace(comparison, findings=findings_of(comparison.prior))
        content = replace(content, change=change_in(latest, list(content.findings)))
    made_by, point = content.scored.model, content.scored.operating_point
    limits = detection_limits(card_of(made_by, point), point)
    content = replace(content, header=header_of(folder.read_images()), limits=limits)
    match form:
        case "pdf":
            return _pdf(content, folder, language)
        case "csv":
            return report_csv(content).encode("utf-8-sig")
        case "json":
            return report_json(content).encode()
        case _:
            return report_text(content, Translator(language)).encode()


def files_to_sign(
    reading: StudyReading,
    shown: KeptSeries,
    comparison: Comparison | None,
    *,
    actor: str,
    at: float,
) -> list[ReportFile]:
    """All files of the report that ``actor`` signs ``at``: every series, form and language.

    Args:
        reading: as it is decided; it must not have changed when it is signed.
        shown: series that is shown.
        comparison: of that series with an earlier CT, as it is shown.
        actor: who signs.
        at: when, seconds since 1970.
    """
    signed, files = as_signed(reading, actor=actor, at=at), []
    for series in reading.series:
        beside = comparison if series.uid == shown.uid else None
        for language in LANGUAGES:
            for form in FORMS:
                content = report_file(form, signed, series, beside, language)
                files.append(ReportFile(series.uid, form, language, content))
    return files


def _pdf(content: ReportContent, folder: ResultFolder, language: Language) -> bytes:
    ct = folder.load_images() if folder.read_images() is not None else None
    return report_pdf(content, ct, language=language)


ROUTE = "/starlung/reports/{token}/{name}"
_MOST = 1000  # pages open at a time; an older one is drawn again and asks anew

Make = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class _Report:
    make: Make
    media_type: str
    name: str


class Reports:
    """The reports that open pages offer.

    Args:
        tokens: signs the addresses.
    """

    def __init__(self, tokens: AddressTokens) -> None:
        self._tokens = tokens
        self._reports: OrderedDict[str, _Report] = OrderedDict()
        self._turn = Lock()

    def url(self, key: str, name: str, media_type: str, make: Make, *, holder: str) -> str:
        """Return the address that answers with what ``make`` returns.

        Args:
            key: the same report in the same words must come with the same key.
            name: of the file; letters, digits, ``-`` and ``.`` only.
            media_type: of its content.
            make: called at every request, in a thread of its own.
            holder: the only one whom it is good for, see `app.web.security.browsers.holder`.
        """
        bound = f"{holder}/{key}"
        with self._turn:
            self._reports[bound] = _Report(make, media_type, name)
            self._reports.move_to_end(bound)
            if len(self._reports) > _MOST:
                self._reports.popitem(last=False)
        return ROUTE.format(token=self._tokens.issue(bound, holder=holder), name=name)

    def route(self) -> Route:
        """Return the Starlette route that answers these addresses."""
        return Route(ROUTE, self._serve, methods=["GET"])

    def _serve(self, request: Request) -> Response:
        bound = self._tokens.read(request.path_params["token"], holder=holder(request.cookies))
        if bound is None:
            return PlainTextResponse("This address has expired; reload the page.", status_code=403)
        with self._turn:
            report = self._reports.get(bound)
        if report is None:
            return PlainTextResponse("This report is no longer offered.", status_code=404)
        try:
            content = report.make()
        except InputError as error:
            return PlainTextResponse(error.sentence_without_path, status_code=409)
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{report.name}"',
        }
        return Response(content, media_type=report.media_type, headers=headers)
