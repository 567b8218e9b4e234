"""Named arrays in one compressed file beside a result, written whole and read with a bound."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from medical.files import write_atomic

_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip knows


def write_arrays(file: Path, **arrays: np.ndarray) -> None:
    """Write arrays under their names; the same arrays give the same bytes at any time."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name, array in arrays.items():
            part = io.BytesIO()
            np.lib.format.write_array(part, np.asanyarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=_DATE)  # numpy would say when
            packed.writestr(entry, part.getvalue(), compress_type=zipfile.ZIP_DEFLATED)
    write_atomic(file, content.getvalue())


def read_arrays(file: Path, *, max_bytes: int) -> dict[str, np.ndarray]:
    """Read what ``write_arrays`` wrote; nothing is unpacked beyond ``max_bytes``.

    Raises:
        OSError: it is not there.
        ValueError: it is something else, or unpacks to more.
    """
    content = io.BytesIO(file.read_bytes())
    try:
        with zipfile.ZipFile(content) as packed:
            if sum(part.file_size for part in packed.infolist()) > max_bytes:
                raise ValueError(f"unpacks to more than {max_bytes} bytes")
        content.seek(0)
        with np.load(content, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (zipfile.BadZipFile, TypeError, EOFError) as error:
        raise ValueError("is no file of arrays") from error
