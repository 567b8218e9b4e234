"""JPEG-LS decoded without Python's lock, so that threads decode slices beside each other.

pyjpegls holds the lock while its library CharLS decodes: two threads are then no faster than one.
The library is part of pyjpegls's own module and can be called in it by ctypes, which gives the lock
away. Where its functions cannot be seen from outside, pyjpegls decodes as usual.

Source:
    CharLS 2, charls.h, ``JpegLsDecode``; pydicom, "Adding custom plugins" to a ``Decoder``.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEGLSLossless, JPEGLSNearLossless

if TYPE_CHECKING:
    from pydicom.pixels.decoders.base import DecodeRunner

PLUGIN = "charls-unlocked"
_KINDS = (JPEGLSLossless, JPEGLSNearLossless)
_MESSAGE_BYTES = 256  # the longest of the library's messages has some 114


class JpegLsError(ValueError):
    """The library does not decode this image; its message says why."""


def add_to_pydicom() -> tuple[str, ...]:
    """Let pydicom know this decoder; return its name, or nothing where it cannot be used."""
    if _library() is None:
        return ()
    for kind in _KINDS:
        decoder = get_decoder(kind)
        if PLUGIN not in decoder.available_plugins:
            decoder.add_plugin(PLUGIN, (__name__, decode_frame.__name__))
    return (PLUGIN,)


def is_available(uid: str) -> bool:
    """Whether images of a transfer syntax can be decoded; pydicom asks."""
    return uid in _KINDS and _library() is not None


def decode_frame(source: bytes, runner: DecodeRunner) -> bytearray:
    """Decode one image of a single component, as pydicom's plugin for pyjpegls does.

    Args:
        source: the image's bytes.
        runner: is told how the pixels are stored.

    Raises:
        JpegLsError: it is damaged, or of several components.
        Exception: whatever pyjpegls raises on a damaged header.
    """
    decode, module = _library() or _missing()
    header = module.read_header(source)
    if header["components"] != 1:
        raise JpegLsError(f"{header['components']} components, not one")
    whole_bytes = -(-header["bits_per_sample"] // 8)
    pixels = bytearray(header["width"] * header["height"] * whole_bytes)
    place = (ctypes.c_char * len(pixels)).from_buffer(pixels)
    problem = ctypes.create_string_buffer(_MESSAGE_BYTES)
    if decode(place, len(pixels), source, len(source), None, problem):
        raise JpegLsError(problem.value.decode("ascii", "replace"))
    runner.set_option("bits_allocated", 8 * whole_bytes)
    return pixels


@lru_cache(maxsize=1)
def _library() -> tuple[Any, Any] | None:
    """CharLS's function that decodes, and pyjpegls's module, which reads headers."""
    try:
        module = import_module("_CharLS")
        decode = ctypes.CDLL(str(module.__file__)).JpegLsDecode
    except (ImportError, OSError, AttributeError):
        return None
    size, bytes_ = ctypes.c_size_t, ctypes.c_char_p
    decode.argtypes = [ctypes.c_void_p, size, bytes_, size, ctypes.c_void_p, bytes_]
    decode.restype = ctypes.c_int
    return decode, module


def _missing() -> tuple[Any, Any]:
    raise JpegLsError("CharLS's functions cannot be seen from outside of pyjpegls")
