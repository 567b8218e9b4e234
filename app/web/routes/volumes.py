"""Serves CT volumes to the viewer: compressed, by a signed address that expires."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.web.security.browsers import holder
from app.web.security.secrets import AddressTokens

ROUTE = "/starlung/volumes/{token}/ct.nii"


class VolumeStore:
    """The volumes that this process will serve; nothing else on the disk has an address.

    Args:
        tokens: signs the addresses.
        revalidate: browsers must ask before they show a volume that they have kept, so that none
            is shown after its login has ended.
    """

    def __init__(self, tokens: AddressTokens, *, revalidate: bool = False) -> None:
        self._tokens = tokens
        self._revalidate = revalidate
        self._paths: dict[str, Path] = {}

    def url(self, path: Path, *, holder: str) -> str:
        """Return the address of a ``.nii.gz`` file, stable for a while: browsers can cache it.

        Args:
            path: the file.
            holder: the only one whom it is good for, see `app.web.security.browsers.holder`.
        """
        path = path.resolve()
        name = hashlib.sha256(str(path).encode()).hexdigest()[:32]
        self._paths[name] = path
        return ROUTE.format(token=self._tokens.issue(name, holder=holder))

    def route(self) -> Route:
        """Return the Starlette route that answers these addresses."""
        return Route(ROUTE, self._serve, methods=["GET"])

    async def _serve(self, request: Request) -> Response:
        token = request.path_params["token"]
        name = self._tokens.read(token, holder=holder(request.cookies))
        if name is None:
            return PlainTextResponse("This address has expired; reload the page.", status_code=403)
        path = self._paths.get(name)
        if path is None or not path.is_file():
            return PlainTextResponse("These images are no longer here.", status_code=404)
        max_age = 0 if self._revalidate else int(self._tokens.seconds_left(token))
        return _compressed_file(request, path, max_age=max_age)


def _compressed_file(request: Request, path: Path, *, max_age: int) -> Response:
    # The browser unpacks Content-Encoding itself, natively and while bytes still arrive.
    status = path.stat()
    etag = f'"{status.st_size:x}-{status.st_mtime_ns:x}"'
    headers = {
        "Cache-Control": f"private, max-age={max_age}",
        "ETag": etag,
        "Content-Encoding": "gzip",
        "X-Content-Type-Options": "nosniff",
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return _LargeFile(path, media_type="application/octet-stream", headers=headers)


class _LargeFile(FileResponse):
    """Read in pieces of a megabyte: each piece changes threads, a CT in 64 kB makes a thousand."""

    chunk_size = 1 << 20
