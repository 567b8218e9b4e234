"""Inputs and results in object stores, by URL: copied here and back, through fsspec.

An address such as ``s3://bucket/archive`` names what fsspec has a driver for; drivers are packages
of their own (``s3fs``, ``gcsfs``, ``adlfs``), which read their keys from where their owners say.
Inputs are copied into a temporary folder before they are read, and so are results that are there: a
run adds to them as it does in a folder. Each series' files are copied back when they are whole,
``findings.json`` last.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path, PurePosixPath

import fsspec

from medical.errors import InputError
from medical.i18n.messages import message

_LAST = "findings.json"
Address = str | PathLike[str]


def is_url(address: Address) -> bool:
    """Whether an input or output is an address, not a path of this machine."""
    return "://" in fspath(address)


def shown_address(address: Address) -> str:
    """Return an address as it may be printed: without name and password, or what its query holds.

    A path of this machine stays as it is.
    """
    text = fspath(address)
    if not is_url(text):
        return text
    scheme, _, rest = text.partition("://")
    place, _, _ = rest.partition("?")
    return f"{scheme}://{place.rpartition('@')[2]}"


@dataclass(slots=True)
class Stage:
    """Where a run reads and writes on this machine.

    Args:
        paths: the inputs, those that are addresses as copies.
        out: folder for the results.
        url: address that results are copied to; empty where ``out`` is what was asked for.
    """

    paths: list[Path]
    out: Path
    url: str = ""
    _copied: dict[Path, int] = field(default_factory=dict)

    def leave(self) -> None:
        """Take what is there now for copied."""
        files = (file for file in self.out.rglob("*") if file.is_file())
        self._copied |= {file: file.stat().st_mtime_ns for file in files}

    def copy_back(self) -> None:
        """Copy results that are new or changed, take away those that are gone here.

        Nothing is done where there is no address.

        Raises:
            InputError: the store does not take them.
        """
        if not self.url:
            return
        with _one_sentence(self.url):
            system, root = fsspec.core.url_to_fs(self.url)
            for file in [file for file in self._copied if not file.exists()]:
                system.rm_file(f"{root.rstrip('/')}/{file.relative_to(self.out).as_posix()}")
                del self._copied[file]
            files = [file for file in sorted(self.out.rglob("*")) if file.is_file()]
            for file in sorted(files, key=lambda file: file.name == _LAST):
                name = file.relative_to(self.out)
                changed = file.stat().st_mtime_ns
                if _is_passing(name) or self._copied.get(file) == changed:
                    continue
                target = f"{root.rstrip('/')}/{name.as_posix()}"
                system.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
                system.put_file(str(file), target)
                self._copied[file] = changed


@contextmanager
def staged(inputs: Sequence[Address], out: Address) -> Iterator[Stage]:
    """Copy what addresses name to this machine, for the time of a run.

    Args:
        inputs: paths or addresses.
        out: folder or address for the results.

    Raises:
        InputError: an address cannot be read or written, or its driver is not installed.
    """
    if not any(map(is_url, (*inputs, out))):
        yield Stage([Path(path) for path in inputs], Path(out))
        return
    with tempfile.TemporaryDirectory(prefix="starlung-", ignore_cleanup_errors=True) as work:
        place = Path(work)
        paths = [
            _fetch(fspath(given), place / "in" / str(number)) if is_url(given) else Path(given)
            for number, given in enumerate(inputs)
        ]
        if not is_url(out):
            yield Stage(paths, Path(out))
            return
        stage = Stage(paths, place / "out", fspath(out))
        _probe(stage.url)
        stage.out.mkdir()
        if _is_there(stage.url):
            _fetch(stage.url, stage.out)
            stage.leave()
        yield stage
        stage.copy_back()


def _probe(url: str) -> None:
    """Write into the place of the results before any time is spent on them."""
    with _one_sentence(url):
        system, root = fsspec.core.url_to_fs(url)
        system.makedirs(root, exist_ok=True)
        probe = f"{root.rstrip('/')}/.starlung-probe"
        system.pipe_file(probe, b"x")
        with suppress(Exception):  # a store that keeps what was written takes results all the same
            system.rm_file(probe)


def _is_there(url: str) -> bool:
    with _one_sentence(url):
        system, root = fsspec.core.url_to_fs(url)
        return bool(system.exists(root))


def _fetch(url: str, folder: Path) -> Path:
    """Copy a file, or all below a prefix, into a folder; returns what to read."""
    with _one_sentence(url):
        system, root = fsspec.core.url_to_fs(url)
        if not system.exists(root):
            raise FileNotFoundError(url)
        folder.mkdir(parents=True, exist_ok=True)
        if system.isfile(root):
            target = folder / _safe(PurePosixPath(root).name)
            system.get_file(root, str(target))
            return target
        for name in system.find(root):
            below = PurePosixPath(name).relative_to(PurePosixPath(root.rstrip("/") or "/"))
            target = folder.joinpath(*map(_safe, below.parts))
            target.parent.mkdir(parents=True, exist_ok=True)
            system.get_file(name, str(target))
    return folder


def _safe(part: str) -> str:
    """Refuse a part of a key that would lead out of the folder.

    Raises:
        ValueError: it would.
    """
    if part in ("", ".", "..") or "/" in part or "\\" in part or "\0" in part:
        raise ValueError("a name that leads elsewhere")
    return part


def _is_passing(name: Path) -> bool:
    return any(part.startswith(".") for part in name.parts)


@contextmanager
def _one_sentence(url: str) -> Iterator[None]:
    shown = shown_address(url)
    try:
        yield
    except InputError:
        raise
    except ImportError as error:
        raise InputError(
            shown,
            message("its driver is not installed"),
            message("Install the fsspec package for this kind of address, such as s3fs"),
        ) from error
    except FileNotFoundError as error:
        raise InputError(
            shown, message("does not exist"), message("Correct the address")
        ) from error
    except Exception as error:  # drivers raise what their stores' libraries raise
        raise InputError(
            shown,
            message("cannot be read or written ({kind})", kind=type(error).__name__),
            message("Check the address, the network and the rights"),
        ) from error
