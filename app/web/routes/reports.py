"""Serves reports: made when asked for, by a signed address that is good in one browser only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.web.security.browsers import holder
from app.web.security.secrets import AddressTokens
from medical.errors import InputError

ROUTE = "/starlung/reports/{token}/{name}"
_MAX_ENTRIES = 1000  # pages open at a time; an older one is drawn again and asks anew

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
            if len(self._reports) > _MAX_ENTRIES:
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
