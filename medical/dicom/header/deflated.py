"""A limit on what pydicom unpacks of a deflated file.

pydicom unpacks a file in the Deflated Explicit VR Little Endian transfer syntax (PS3.5 A.5) whole,
by ``zlib.decompress``, whatever comes out: three megabytes may become as many gigabytes. It has no
setting for that, and which files it takes for deflated only it knows; so the module through which
its reader calls zlib is replaced by one that stops. `medical.dicom` does so when it is imported.
"""

from __future__ import annotations

import zlib
from typing import Any

import pydicom.filereader

from medical.i18n.messages import message

MIN_LIMIT_BYTES = 64 << 20
MAX_LIMIT_BYTES = 1536 << 20
"""The largest volume that is read at all, as 16-bit values, and its header."""
LIKELY_RATIO = 20
"""CT packs to a third; more than this is not expected of files beyond the least limit."""


class TooLargeError(ValueError):
    """A deflated file unpacks to more than a CT of its size would."""


class _LimitedZlib:
    """zlib, but for a limit on what ``decompress`` returns."""

    def __getattr__(self, name: str) -> Any:
        return getattr(zlib, name)

    @staticmethod
    def decompress(data: bytes, wbits: int = zlib.MAX_WBITS) -> bytes:
        """As zlib's.

        Raises:
            TooLargeError: more comes out than allowed; no more than that is unpacked.
            zlib.error: the bytes are damaged or cut short.
        """
        limit = min(MAX_LIMIT_BYTES, MIN_LIMIT_BYTES + LIKELY_RATIO * len(data))
        machine = zlib.decompressobj(wbits)
        unpacked = machine.decompress(data, limit)
        if machine.unconsumed_tail or (len(unpacked) == limit and not machine.eof):
            raise TooLargeError(message("unpacks to more than {size} MiB", size=limit >> 20))
        if not machine.eof:
            raise zlib.error("incomplete or truncated stream")
        return unpacked


def limit_pydicom() -> None:
    """Have pydicom's reader call zlib through the limit; for the whole process."""
    vars(pydicom.filereader)["zlib"] = _LimitedZlib()
