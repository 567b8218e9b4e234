"""What this machine gives to this process: GPUs and cores, told without torch's import."""

from __future__ import annotations

import ctypes
import math
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")
_SECOND_VERSION = "0::/"
_MAX_THREADS = 8


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


def count_cores() -> int:
    """How many threads can run at once: cores that this process may use, and a container's quota.

    The machine may have many more: each thread beyond these only waits for the others.
    """
    return min(_cores_allowed(), core_quota() or sys.maxsize)


def thread_count() -> int:
    """How many threads are worth while: the cores that this process may use, eight at most."""
    return min(count_cores(), _MAX_THREADS)


def core_quota() -> int | None:
    """Cores' worth of time that the control group grants, where that is fewer than are allowed.

    Read once a process: who reads a stranger's files may open nothing else.

    Those of the second version (Linux since 2016), its own and all above it: a container with
    ``--cpus``, a unit with ``CPUQuota``.
    """
    quotas = [math.ceil(share) for share in granted_shares()]
    least = max(1, min(quotas)) if quotas else None
    return least if least is not None and least < _cores_allowed() else None


@cache
def granted_shares() -> tuple[float, ...]:
    """Cores' worth of time that each control group above this process grants, where it says so."""
    return tuple(_quotas())


def _cores_allowed() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def _quotas() -> Iterator[float]:
    try:
        lines = _OWN_GROUP.read_text().splitlines()
    except OSError:
        return
    own = next((line for line in lines if line.startswith(_SECOND_VERSION)), _SECOND_VERSION)
    group = _GROUPS / own.removeprefix(_SECOND_VERSION)
    for folder in (group, *group.parents):
        try:
            quota, period = (folder / "cpu.max").read_text().split()
            yield float(quota) / float(period)
        except (OSError, ValueError):  # none here, or "max"
            pass
        if folder == _GROUPS:
            return


granted_shares()  # now, before a thread that reads a stranger's files loses the right to ask
