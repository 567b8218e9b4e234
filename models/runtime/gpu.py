"""Whether there is a GPU, told without the seconds that torch's import takes."""

from __future__ import annotations

import ctypes
import sys

_LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"


def count_gpus() -> int:
    """Return how many GPUs NVIDIA's driver sees; 0 where there is no driver."""
    try:
        driver = ctypes.CDLL(_LIBRARY)
        count = ctypes.c_int(0)
        if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
            return 0
    except (OSError, AttributeError):
        return 0
    return count.value
