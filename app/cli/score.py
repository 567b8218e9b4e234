"""``starlung score``: CTs in, findings out."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from app.cli.common import (
    NONE_SCORED,
    OK,
    SOME_FAILED,
    fail,
    model_called,
    print_line,
    site_settings,
    starnet_called,
)

if TYPE_CHECKING:
    from medical.scoring.context_table import ContextTable
    from medical.scoring.forms import Form
    from medical.scoring.tally import ScoreResult

Device = Literal["auto", "cpu", "cuda"]
Engine = Literal["local", "ray"]
ALWAYS = ("json", "csv")
ARCHIVED: tuple[Form, ...] = ("sr", "seg", "cad-sr", "kos", "pdf")  # see medical.scoring.forms
FORMATS = (*ALWAYS, *ARCHIVED, "heatmap")
_MIN_SAMPLES = 2
_STAGES = {
    "read": "reading the images",
    "prepare": "finding the lungs",
    "detect": "looking for nodules",
    "refine": "looking again at each candidate",
    "measure": "measuring",
    "write": "writing results",
}
_MIN_SPACE = 1_000_000  # bytes; what a series' result takes without maps
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO)
"""What the machine, not a programmer, is to blame for."""


def score(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="DICOM file, folder, zip, DICOMDIR, .nii.gz, .nrrd or .mhd; or its address, such "
            "as s3://bucket/archive.",
        ),
    ],
    out: Annotated[str, typer.Option(help="Folder for the results, or an address.")],
    model: Annotated[
        str | None, typer.Option(help="Model name, or folder of a retrained one. [starlung-base]")
    ] = None,
    starnet: Annotated[
        str | None,
        typer.Option(help="StarNet that rates malignancy: name, or folder of one. [starnet]"),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(min=_MIN_SAMPLES, max=512, help="Monte-Carlo dropout samples. [32]"),
    ] = None,
    device: Annotated[
        Device, typer.Option(help="What runs the networks; auto takes a GPU where there is one.")
    ] = "auto",
    workers: Annotated[
        int,
        typer.Option(min=1, max=256, help="Processes that score side by side, each with networks."),
    ] = 1,
    engine: Annotated[
        Engine,
        typer.Option(
            help="What shares the work out: processes here, or a Ray cluster (by RAY_ADDRESS, else "
            "begun here), where --workers is the number of its actors."
        ),
    ] = "local",
    resume: Annotated[bool, typer.Option(help="Leave series alone that are already done.")] = False,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            help="Forms of the result; json and csv always come. sr, seg, kos: measurements, "
            "outlines and key slices as DICOM, where the CT was DICOM; cad-sr: the same for older "
            "archives. pdf: the unread report. heatmap: each finding's attention as NIfTI, and as "
            "DICOM parametric map.",
        ),
    ] = ",".join(ALWAYS),
    context: Annotated[
        Path | None,
        typer.Option(
            help="CSV table of clinical context, a row a study: study (UID or path), text, sex, "
            "age, pack_years, emphysema, cancer_history."
        ),
    ] = None,
) -> None:
    """Score CTs: OUT/predictions.csv, and OUT/SERIES/findings.json for each series.

    Ends with 0 when all were scored, 3 when some could not be, 4 when none could.
    """
    from app.cli.table import show
    from medical.errors import InputError
    from medical.scoring.batch import ScoreOptions
    from medical.scoring.scorer import Scorer

    formats = _formats(format_)
    settings = site_settings()
    count = _count(samples or settings.samples)
    chosen = model_called(model or settings.model)
    rates = starnet_called(starnet or settings.starnet)
    _check_device(device, engine)
    contexts = _contexts(context)
    _make_folder(out)
    finished = 0
    with _progress_bar() as (move, watch):

        def tell(stage: str, share: float) -> None:
            nonlocal finished
            finished += stage == "write" and share >= 1
            move(stage, share)

        try:
            result = Scorer(chosen, samples=count, device=device, starnet=rates).score(
                inputs,
                out,
                options=ScoreOptions(
                    resume=resume,
                    heatmaps="heatmap" in formats,
                    forms=frozenset(form for form in ARCHIVED if form in formats),
                    progress=tell,
                    watch=watch,
                    key=_site_key(settings.work_dir),
                    contexts=contexts,
                ),
                workers=workers,
                engine=engine,
            )
        except (InputError, OSError) as error:  # the cluster's: an input's is among the results
            _fail_run(error, out, code=SOME_FAILED if finished else NONE_SCORED)
    for problem in result.errors:
        print_line(str(problem))
    show(result, out)
    raise typer.Exit(_exit_code(result))


def _count(samples: int) -> int:
    if samples < _MIN_SAMPLES:
        fail(f"setting samples: {samples} is too few for an interval. Give at least 2.")
    return samples


def _fail_run(error: Exception, out: str, *, code: int) -> NoReturn:
    if not isinstance(error, OSError):
        fail(str(error), code=code)
    if error.errno not in _DISK:
        raise error
    fail(f"{error.filename or out}: {error.strerror}. Mend this, then add --resume.", code=code)


def _contexts(path: Path | None) -> ContextTable | None:
    if path is None:
        return None
    from medical.errors import InputError
    from medical.scoring.context_table import read_context_table

    try:
        return read_context_table(path)
    except InputError as error:
        fail(str(error))


def _site_key(work_dir: Path) -> bytes | None:
    """Return the key that signs results; ``None`` where it cannot be kept: they stay unsigned."""
    from app.web.security.secrets import result_key

    try:
        return result_key(work_dir)
    except OSError:
        return None


def _check_device(device: Device, engine: Engine) -> None:
    if engine == "ray" and find_spec("ray") is None:
        fail("--engine ray: Ray is not installed. Install starlung[ray].")
    if device != "cuda":
        return
    from models.zoo.ready import NoGpuError, check_device

    try:
        check_device(device)
    except NoGpuError as error:
        fail(f"--device {device}: {error}.")


def _exit_code(result: ScoreResult) -> int:
    if not result.series:
        return NONE_SCORED
    return SOME_FAILED if result.errors else OK


def _formats(text: str) -> set[str]:
    names = {name.strip() for name in text.split(",")}
    for name in sorted(names):
        if name not in FORMATS:
            fail(f"--format {name}: not a form of result; there are {', '.join(FORMATS)}.")
    return names


def _make_folder(address: str) -> None:
    """Make it, and write into it, before any time is spent on scoring."""
    from medical.io.remote import is_url

    if is_url(address):
        return  # told when its results are copied
    out = Path(address)
    if out.exists() and not out.is_dir():
        fail(f"{out}: this is a file. Give a folder to --out.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"{out}: cannot be made: {error.strerror}. Give another folder to --out.")
    try:
        with tempfile.TemporaryFile(dir=out) as probe:
            probe.write(bytes(_MIN_SPACE))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        fail(f"{out}: cannot be written: {error.strerror}. Give another folder to --out.")


@contextmanager
def _progress_bar() -> Iterator[
    tuple[Callable[[str, float], None], Callable[[str, int, int, int], None]]
]:
    """Show a bar on standard error that vanishes at the end; elsewhere a line a series of many."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task, begun, so_far = bar.add_task("starting", total=1.0), time.monotonic(), ""

        def move(stage: str, share: float) -> None:
            bar.update(task, description=so_far + _STAGES.get(stage, stage), completed=share)

        def watch(ended: str, done: int, failed: int, expected: int) -> None:
            nonlocal so_far
            count = done + failed
            if max(expected, count) < 2:
                return
            seconds = (time.monotonic() - begun) / count
            so_far = f"{count} of {max(expected, count)} done, {failed} failed, " + _left(
                seconds, expected - count
            )
            if console.is_terminal:
                bar.update(task, description=so_far.rstrip(", "))
            else:
                print_line(f"{ended} ({so_far.rstrip(', ')})")

        yield move, watch


def _left(seconds: float, count: int) -> str:
    """Say how fast it goes and how long what is left will take."""
    minutes = max(0, count) * seconds / 60
    return f"{60 / max(seconds, 1e-3):.1f} a minute, {minutes:.0f} min left, "
