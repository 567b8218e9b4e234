"""Read damaged inputs one after another in this process: ``python -m tests.fuzz.reading``.

Each number is written to ``OUT/now`` before it is read, so that whoever watches knows which input
was read when the process died or hung. The folder of the input is kept there too.
"""

from __future__ import annotations

import argparse
import json
import logging
import pickle
import random
import resource
import shutil
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

from medical.dicom.header.tags import quiet_pydicom
from medical.errors import InputError
from medical.intake import open_input
from medical.training.cases.sources.contours import contour_lesions
from medical.training.cases.sources.lesion import Planes
from medical.training.cases.sources.segmentation import segmentation_lesions
from medical.training.cases.sources.structured import structured_lesions
from tests.fuzz.mutate import damaged
from tests.fuzz.seeds import Seed

ADDRESS_BYTES = 6 * 2**30
"""A reader that asks for more gets MemoryError, which counts as found."""
RESIDENT_BYTES = 2 * 2**30


class MemoryAskedForError(Exception):
    """A reader asked for more memory than any sound input needs."""


def _open(folder: Path, _: Path, work: Path) -> None:
    intake = open_input(folder, work_dir=work)
    _memory(intake.errors)
    for handle in intake.chosen:
        handle.content()
        handle.load()


def _object(read: Callable[[Path], object]) -> Callable[[Path, Path, Path], None]:
    def read_object(folder: Path, victim: Path, work: Path) -> None:
        with quiet_pydicom():
            open_input(folder, work_dir=work)  # it is not a CT, whatever it says
            read(victim)

    return read_object


def readers(planes: Planes) -> dict[str, Callable[[Path, Path, Path], None]]:
    """Return how each kind is read."""
    return {
        "open": _open,
        "seg": _object(lambda path: segmentation_lesions(path, place="x")),
        "rtstruct": _object(lambda path: contour_lesions(path, planes, place="x")),
        "sr": _object(lambda path: structured_lesions(path, planes, place="x")),
    }


def _memory(errors: tuple[InputError, ...]) -> None:
    for error in errors:
        seen: set[int] = set()
        cause: BaseException | None = error
        while cause is not None and id(cause) not in seen:  # an error may stand in its own chain
            seen.add(id(cause))
            if isinstance(cause, MemoryError):
                raise MemoryAskedForError(str(error)) from cause
            cause = cause.__cause__ or cause.__context__


def read_one(
    seed: Seed, number: int, out: Path, by_kind: dict[str, Callable[[Path, Path, Path], None]]
) -> str:
    """Read one damaged input; returns the trace of what it should not have done."""
    folder, work = out / "input", out / "work"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(seed.folder, folder)
    victim = folder / seed.victim
    victim.write_bytes(damaged(victim.read_bytes(), random.Random(number)))
    try:
        by_kind[seed.reader](folder, victim, work)
    except InputError as error:
        try:
            _memory((error,))
        except MemoryAskedForError:
            return traceback.format_exc()
    except Exception:
        return traceback.format_exc()
    return ""


def main() -> None:
    """Read inputs from FIRST, every STEP-th, until COUNT are read."""
    options = argparse.ArgumentParser()
    for name in ("first", "step", "last"):
        options.add_argument(f"--{name}", type=int, required=True)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--seeds", type=Path, required=True)
    given = options.parse_args()
    seeds, planes = pickle.loads(given.seeds.read_bytes())  # our own file
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    by_kind = readers(planes)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, ADDRESS_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with (given.out / "log.jsonl").open("a") as log:
        for number in range(given.first, given.last, given.step):
            (given.out / "now").write_text(str(number))
            seed = seeds[number % len(seeds)]
            started = time.monotonic()
            trace = read_one(seed, number, given.out, by_kind)
            entry = {
                "number": number,
                "kind": seed.kind,
                "seconds": round(time.monotonic() - started, 3),
                "trace": trace,
                "resident": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
            log.write(json.dumps(entry) + "\n")
            log.flush()
            if entry["resident"] > RESIDENT_BYTES:
                break  # a new process tells whether the next one is to blame, too
        else:
            (given.out / "now").write_text("done")


if __name__ == "__main__":
    main()
