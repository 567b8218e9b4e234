"""Unpack a zip that nobody vouches for.

Refused on the way: paths that leave the folder, links, encryption, archives in archives without
end, and anything that grows beyond a limit counted in bytes really written (headers may lie).
"""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from medical.errors import InputError

DEFAULT_LIMIT_BYTES = 8 << 30
MAX_FILES = 50_000
MAX_DEPTH = 3
CHUNK_BYTES = 1 << 20


@dataclass(slots=True)
class UnpackBudget:
    """What may still be written, over all archives of one input."""

    limit_bytes: int = DEFAULT_LIMIT_BYTES
    files: int = MAX_FILES
    written: int = field(default=0, init=False)

    @property
    def left(self) -> int:
        """Bytes that may still be written."""
        return self.limit_bytes - self.written

    def spend(self, count: int) -> bool:
        """Book ``count`` bytes; ``False`` when the limit is passed."""
        self.written += count
        return self.written <= self.limit_bytes


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
        with zipfile.ZipFile(archive) as opened:
            # What the headers admit to is refused at once; what they hide, while it is written.
            if sum(entry.file_size for entry in opened.infolist()) > budget.left:
                raise _TooLargeError
            return target, _unpack_all(opened, target, shown, budget)
    except _TooLargeError:
        problem = f"the zip unpacks to more than {budget.limit_bytes / (1 << 30):.3g} GiB"
        if budget.files < 0:
            problem = f"the zip holds more than {MAX_FILES} files"
        error = InputError(shown, problem, "Unpack it yourself and give the folder with the CT")
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError):
        error = InputError(shown, "the zip is damaged or cut short", "Copy or download it again")
    except RuntimeError:  # what zipfile raises for encryption
        error = InputError(
            shown, "the zip is protected by a password", "Unpack it and give the folder"
        )
    except OSError as problem_on_disk:
        reason = problem_on_disk.strerror or type(problem_on_disk).__name__
        error = InputError(shown, f"cannot be unpacked: {reason}", "Free disk space and try again")
    except Exception as unknown:  # zlib, lzma and bz2 raise their own errors on damaged bytes
        error = InputError(
            shown, f"the zip is damaged ({type(unknown).__name__})", "Copy or download it again"
        )
    shutil.rmtree(target, ignore_errors=True)
    return None, [error]


def _unpack_all(
    opened: zipfile.ZipFile, target: Path, shown: Path, budget: UnpackBudget
) -> list[InputError]:
    refused = []
    for entry in opened.infolist():
        if entry.is_dir():
            continue
        budget.files -= 1
        if budget.files < 0:
            raise _TooLargeError
        place = _safe_place(entry, target)
        if place is None:
            refused.append(entry.filename)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        with opened.open(entry) as source, place.open("xb") as sink:
            while chunk := source.read(CHUNK_BYTES):
                if not budget.spend(len(chunk)):
                    raise _TooLargeError
                sink.write(chunk)
    if not refused:
        return []
    problem = f"{len(refused)} entries of the zip point outside of it and were not unpacked"
    if len(refused) == 1:
        problem = "1 entry of the zip points outside of it and was not unpacked"
    return [InputError(shown, problem, "Check where this zip comes from")]


def _safe_place(entry: zipfile.ZipInfo, target: Path) -> Path | None:
    """Where the entry goes; ``None`` for links and paths that lead outside."""
    if stat.S_ISLNK(entry.external_attr >> 16):
        return None
    name = entry.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or ":" in parts[0]:
        return None
    place = target.joinpath(*(_short(part) for part in parts))
    return next(free for free in _alternatives(place) if not free.exists())


def _short(part: str) -> str:
    """Names longer than file systems take keep their ending."""
    return part if len(part.encode()) <= 200 else part[-60:]


def _alternatives(place: Path) -> Iterator[Path]:
    """The place, then numbered ones: a zip may hold one name twice."""
    yield place
    count = 1
    while True:
        count += 1
        yield place.with_name(f"{count}-{place.name}")
