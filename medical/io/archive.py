"""Unpack a zip that nobody vouches for.

Refused on the way: paths that leave the folder, links, encryption, archives in archives without
end, anything that grows beyond a limit counted in bytes really written (headers may lie), lists of
files that are too long to be taken in, and whatever takes longer than the whole input may.
"""

from __future__ import annotations

import io
import math
import os
import shutil
import stat
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from medical.errors import InputError
from medical.i18n.messages import message, plural_message

DEFAULT_LIMIT_BYTES = 8 << 30
MAX_FILES = 50_000
MAX_DEPTH = 3
MAX_PATH_PARTS = 64
MAX_LIST_BYTES = 32 << 20
"""The zip's own list of its files, which is read as a whole; 50,000 long names take less."""
CHUNK_BYTES = 1 << 20

_UNPACK_YOURSELF = message("Unpack it yourself and give the folder with the CT")


@dataclass(slots=True)
class UnpackBudget:
    """What may still be written, over all archives of one input, and until when.

    Args:
        limit_bytes: all archives together may unpack to no more.
        files: and to no more files.
        limit_seconds: unpacking and sorting may take no longer.
        clock: seconds; tests give their own.
    """

    limit_bytes: int = DEFAULT_LIMIT_BYTES
    files: int = MAX_FILES
    limit_seconds: float = math.inf
    clock: Callable[[], float] = time.monotonic
    written: int = field(default=0, init=False)
    begun: float = field(init=False)

    def __post_init__(self) -> None:
        self.begun = self.clock()

    @property
    def left(self) -> int:
        """Bytes that may still be written."""
        return self.limit_bytes - self.written

    def spend(self, count: int) -> bool:
        """Book ``count`` bytes; ``False`` when the limit is passed."""
        self.written += count
        return self.written <= self.limit_bytes

    def check_time(self, path: Path) -> None:
        """Go on only while there is time.

        Raises:
            InputError: the time is up; it names ``path``.
        """
        if self.clock() - self.begun > self.limit_seconds:
            problem = message(
                "took longer than {minutes:g} min to unpack and sort",
                minutes=self.limit_seconds / 60,
            )
            raise InputError(path, problem, message("Give one study, without other files"))


class _TooLargeError(Exception):
    """The budget is spent."""


def unpack(
    archive: Path, *, shown: Path, work_dir: Path, budget: UnpackBudget
) -> tuple[Path | None, list[InputError]]:
    """Unpack one zip into a new folder below ``work_dir``.

    Args:
        archive: the zip.
        shown: how errors name it (a zip in a zip has no path that the user knows).
        work_dir: made when missing.
        budget: shared by all archives of one input.

    Returns:
        The folder, ``None`` when nothing was kept, and what was refused.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    target = Path(tempfile.mkdtemp(prefix="zip-", dir=work_dir))
    try:
        with archive.open("rb") as stream, zipfile.ZipFile(_ListLimited(stream)) as opened:
            # What the headers admit to is refused at once; what they hide, while it is written.
            if sum(entry.file_size for entry in opened.infolist()) > budget.left:
                raise _TooLargeError
            return target, _unpack_all(opened, target, shown, budget)
    except _TooLargeError:
        problem = message(
            "the zip unpacks to more than {size:.3g} GiB", size=budget.limit_bytes / (1 << 30)
        )
        if budget.files < 0:
            problem = message("the zip holds more than {limit} files", limit=MAX_FILES)
        error = InputError(shown, problem, _UNPACK_YOURSELF)
    except _ListTooLongError:
        problem = message(
            "the zip holds more than {limit} files, or names without end", limit=MAX_FILES
        )
        error = InputError(shown, problem, _UNPACK_YOURSELF)
    except InputError as late:
        shutil.rmtree(target, ignore_errors=True)
        raise late
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError):
        error = InputError(
            shown, message("the zip is damaged or cut short"), message("Copy or download it again")
        )
    except RuntimeError:  # what zipfile raises for encryption
        error = InputError(
            shown,
            message("the zip is protected by a password"),
            message("Unpack it and give the folder"),
        )
    except OSError as problem_on_disk:
        reason = problem_on_disk.strerror or type(problem_on_disk).__name__
        error = InputError(
            shown,
            message("cannot be unpacked: {reason}", reason=reason),
            message("Free disk space and try again"),
        )
    except Exception as unknown:  # zlib, lzma and bz2 raise their own errors on damaged bytes
        error = InputError(
            shown,
            message("the zip is damaged ({kind})", kind=type(unknown).__name__),
            message("Copy or download it again"),
        )
    shutil.rmtree(target, ignore_errors=True)
    return None, [error]


def _unpack_all(
    opened: zipfile.ZipFile, target: Path, shown: Path, budget: UnpackBudget
) -> list[InputError]:
    refused = []
    names = _Names(target)
    for entry in opened.infolist():
        budget.check_time(shown)
        if entry.is_dir():
            continue
        budget.files -= 1
        if budget.files < 0:
            raise _TooLargeError
        place = _safe_place(entry, names)
        if place is None:
            refused.append(entry.filename)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        with opened.open(entry) as source, place.open("xb") as sink:
            while chunk := source.read(CHUNK_BYTES):
                if not budget.spend(len(chunk)):
                    raise _TooLargeError
                sink.write(chunk)
                budget.check_time(shown)
    if not refused:
        return []
    problem = plural_message(
        "{count} entry of the zip points outside of it and was not unpacked",
        "{count} entries of the zip point outside of it and were not unpacked",
        len(refused),
    )
    return [InputError(shown, problem, message("Check where this zip comes from"))]


def _safe_place(entry: zipfile.ZipInfo, names: _Names) -> Path | None:
    """Where the entry goes; ``None`` for links and paths that lead outside."""
    if stat.S_ISLNK(entry.external_attr >> 16):
        return None
    name = entry.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or ":" in parts[0]:
        return None
    if len(parts) > MAX_PATH_PARTS:
        return None
    return names.free(tuple(_short(part) for part in parts))


def _short(part: str) -> str:
    """Names longer than file systems take keep their ending."""
    return part if len(part.encode()) <= 200 else part[-60:]


class _Names:
    """Places in the unpacked folder: a zip may hold one name twice, or fifty thousand times."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._counts: Counter[tuple[str, ...]] = Counter()

    def free(self, parts: tuple[str, ...]) -> Path:
        """Yield the place itself, then numbered ones; each is asked for once."""
        while True:
            self._counts[parts] += 1
            count = self._counts[parts]
            name = parts[-1] if count == 1 else f"{count}-{parts[-1]}"
            place = self._target.joinpath(*parts[:-1], name)
            if not os.path.lexists(place):
                return place


class _ListTooLongError(Exception):
    """A zip's list of files is longer than we take in."""


class _ListLimited(io.BufferedIOBase):
    """The zip as a stream that refuses to hand out a list of files beyond the limit at once.

    ``zipfile`` reads that list in one piece, of a length that the zip gives; what is refused here
    is therefore what it would have read.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int | None = -1, /) -> bytes:
        """As the stream's."""
        if size is None or size < 0 or size > MAX_LIST_BYTES:
            left = os.fstat(self._stream.fileno()).st_size - self._stream.tell()
            if left > MAX_LIST_BYTES:
                raise _ListTooLongError
        return self._stream.read(-1 if size is None else size)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """As the stream's."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """As the stream's."""
        return self._stream.tell()

    def seekable(self) -> bool:
        """Return true, as for a file."""
        return True

    def readable(self) -> bool:
        """Return true, as for a file."""
        return True
