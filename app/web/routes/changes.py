"""Tells browsers whether something that a page shows has changed, without running the page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.web.security.browsers import holder
from app.web.security.secrets import AddressTokens

ROUTE = "/starlung/changes/{token}"
_MAX_ENTRIES = 1000  # pages open at a time; an older one is drawn again and asks anew

ReadState = Callable[[], str | int]
"""Returns how things stand; another answer means that they have changed. It must be cheap."""


class Changes:
    """How things stand that open pages show, each by a signed address.

    Args:
        tokens: signs the addresses.
    """

    def __init__(self, tokens: AddressTokens) -> None:
        self._tokens = tokens
        self._readers: OrderedDict[str, ReadState] = OrderedDict()
        self._turn = Lock()

    def url(self, name: str, read_state: ReadState, *, holder: str) -> str:
        """Return the address that answers with the state.

        Args:
            name: of what is watched; the same state must come with the same name.
            read_state: called at every request, in a thread of its own.
            holder: the only one whom it is good for, see `app.web.security.browsers.holder`.
        """
        with self._turn:
            self._readers[name] = read_state
            self._readers.move_to_end(name)
            if len(self._readers) > _MAX_ENTRIES:
                self._readers.popitem(last=False)
        return ROUTE.format(token=self._tokens.issue(name, holder=holder))

    def route(self) -> Route:
        """Return the Starlette route that answers these addresses."""
        return Route(ROUTE, self._serve, methods=["GET"])

    def _serve(self, request: Request) -> Response:
        name = self._tokens.read(request.path_params["token"], holder=holder(request.cookies))
        if name is None:
            return PlainTextResponse("This address has expired; reload the page.", status_code=403)
        with self._turn:
            read_state = self._readers.get(name)
        if read_state is None:
            return PlainTextResponse("Nobody looks at this any more.", status_code=404)
        return PlainTextResponse(str(read_state()), headers={"Cache-Control": "no-store"})
