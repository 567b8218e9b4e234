"""Read a stranger's files with no right to any others.

The work runs in a thread that Linux's Landlock allows to read the input's own folders, Python and
its libraries, and to write one work folder; whatever a header, a link or a fault of a library then
names, the kernel refuses. The rights of the rest of the process do not change: rights belong to a
thread, and are given up with it. Where the kernel knows no Landlock (before 5.13, other systems)
the work runs as it would anyway: the readers' own checks hold without it.

Source:
    Linux, Documentation/userspace-api/landlock.rst; there is no wrapper in libc, hence the numbers.
"""

from __future__ import annotations

import ctypes
import errno
import os
import site
import stat
import struct
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVS = 38
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
_ON_FILES = _READ_FILE | _WRITE_FILE | _TRUNCATE
_KNOWN_BY_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/dev/null"),
    *("/dev/urandom", "/sys/devices/system/cpu", "/proc/cpuinfo", "/proc/meminfo"),
)
_MAX_LINKS = 20_000


def confined(call: Callable[[], _T], *, read: Iterable[Path], write: Iterable[Path] = ()) -> _T:
    """Call with the right to these files and folders only, where the system knows such rights.

    Args:
        call: what to do; what it returns or raises is returned or raised here.
        read: files, and folders with all that lies in them.
        write: folders in which it may also make, change and remove files.

    Raises:
        OSError: the kernel knows such rights but refuses to set them.
    """
    if not landlock_version():
        return call()
    ended: list[_T] = []
    failed: list[BaseException] = []
    rules = [*((path, False) for path in (*_own(), *read)), *((path, True) for path in write)]

    def work() -> None:
        try:
            _give_up_rights(rules)
            ended.append(call())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return ended[0]


@lru_cache(maxsize=1)
def landlock_version() -> int:
    """Version of Landlock in this kernel; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    version: int = _libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)
    return max(0, version)


def places(path: Path) -> list[Path]:
    """List what must be readable to read an input: its folder, and where links in it lead.

    A link in an input was made by whoever may write there; what arrives from others (uploads,
    zips) holds none, see `medical.io.archive`.
    """
    folders = [path if path.is_dir() else path.parent]
    if path.is_symlink():
        folders.append(path.resolve().parent)
    if path.is_dir():
        folders += _targets(path.resolve())
    return folders


def _targets(start: Path) -> Iterator[Path]:
    """Where links below a folder lead, also from there on."""
    folders, left = [start], _MAX_LINKS
    for folder in folders:  # grows as it goes
        for parent, inner, names in os.walk(folder):
            for place in (Path(parent, name) for name in (*inner, *names)):
                if not place.is_symlink() or left == 0:
                    continue
                target, left = place.resolve(), left - 1
                if start.is_relative_to(target):
                    continue  # a circle, not a right to all that lies above
                if target.is_dir():
                    if any(target.is_relative_to(known) for known in folders):
                        continue
                    folders.append(target)
                yield target


@lru_cache(maxsize=1)
def _own() -> tuple[Path, ...]:
    """Python, its libraries, and our own code: what an import still needs."""
    here = Path(__file__).parent
    own_code = [here, here.with_name("models")]
    libraries = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    named = (*_SYSTEM, sys.prefix, sys.base_prefix, *site.getsitepackages(), *libraries)
    return (*own_code, *(Path(name) for name in dict.fromkeys(named)))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _give_up_rights(rules: Iterable[tuple[Path, bool]]) -> None:
    """Leave this thread nothing but the rules: a path, and whether it may be written."""
    version = landlock_version()
    known = max(rights for since, rights in _KNOWN_BY_VERSION.items() if since <= version)
    handled = struct.pack("Q", known)
    ruleset = _call(_CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), 0)
    try:
        for path, write in rules:
            _allow(ruleset, path, known if write else _READ_FILE | _READ_FOLDER, known)
        if _libc().prctl(_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "cannot give up rights")
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int, known: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this machine, or gone: then it cannot be read either
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _ON_FILES
        beneath = struct.pack("=Qi", rights & known, place)
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, beneath, 0)
    finally:
        os.close(place)


def _call(number: int, *arguments: object) -> int:
    result: int = _libc().syscall(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"cannot give up rights: {errno.errorcode.get(code, code)}")
    return result
