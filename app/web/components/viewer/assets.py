"""The built frontend: where it lies and how the browser gets it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

ROUTE = "/starlung/viewer/{digest}/viewer.js"


class FrontendMissingError(RuntimeError):
    """The viewer's JavaScript has not been built."""

    def __init__(self) -> None:
        super().__init__(
            "The viewer is not built. Run `python -m app.web.components.viewer.build`, "
            "then start again."
        )


def frontend_file() -> Path:
    """Return the bundle that ``build`` makes; it need not exist."""
    return Path(__file__).parent / "frontend" / "dist" / "viewer.js"


@lru_cache(maxsize=1)
def frontend_url() -> str:
    """Address of the bundle; it changes with the content, so browsers may keep it for ever.

    Raises:
        FrontendMissingError: it is not built.
    """
    if not frontend_file().is_file():
        raise FrontendMissingError
    return ROUTE.format(digest=hashlib.sha256(frontend_file().read_bytes()).hexdigest()[:16])


def frontend_route() -> Route:
    """Return the Starlette route that serves the bundle."""
    return Route(ROUTE, _serve, methods=["GET"])


async def _serve(request: Request) -> Response:
    if not frontend_file().is_file():
        return PlainTextResponse("The viewer is not built.", status_code=404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return FileResponse(frontend_file(), media_type="text/javascript", headers=headers)
