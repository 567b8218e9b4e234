"""``starlung score``: CTs in, findings out."""

from __future__ import annotations

import errno
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from app.cli.common import (
    INTERRUPTED,
    NONE_SCORED,
    OK,
    SOME_FAILED,
    fail,
    model_called,
    print_line,
    site_settings,
    starnet_called,
)
from app.cli.scoring.checks import (
    ALWAYS,
    ARCHIVED,
    MIN_SAMPLES,
    Device,
    Engine,
    check_deidentify,
    check_device,
    checked_formats,
    checked_samples,
    make_folder,
    pseudonyms_of,
    read_contexts,
    result_key_of,
)

if TYPE_CHECKING:
    from app.cli.scoring.progress import RunProgress
    from app.settings import Settings
    from medical.scoring.batches.options import ScoreOptions
    from medical.scoring.batches.tally import ScoreResult
    from medical.scoring.context_table import ContextTable

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
        str | None,
        typer.Option(help="Model name, or folder of a retrained one; the site's unless given."),
    ] = None,
    starnet: Annotated[
        str | None,
        typer.Option(
            help="StarNet that rates malignancy: name, or folder of one; the site's unless given."
        ),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(min=MIN_SAMPLES, max=512, help="Monte-Carlo dropout samples. [32]"),
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
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            max=0.999,
            help="Probability from which a candidate is a finding, instead of the model's own, to "
            "which its figures belong.",
        ),
    ] = None,
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
    deidentify: Annotated[
        Path | None,
        typer.Option(
            metavar="SECRET",
            help="Take the patients out of the CTs first, by the secret in this file: all that is "
            "written names pseudonyms and new UIDs. DICOM alone; see `starlung deidentify`.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option(help="Print nothing but what failed.")] = False,
    verbose: Annotated[
        bool, typer.Option(help="Print what ran the networks and how long each stage took.")
    ] = False,
) -> None:
    """Score CTs: OUT/predictions.csv, and OUT/SERIES/findings.json for each series.

    Ends with 0 when all were scored, 3 when some could not be, 4 when none could, 130 after Ctrl-C.
    OUT/summary.csv says what became of each input.
    """
    from app.cli.scoring.progress import run_progress
    from app.cli.scoring.table import show_end
    from app.cli.scoring.without_patients import taken_out
    from medical.errors import InputError
    from medical.io.remote import shown_address
    from medical.results.search import results_of_other_models
    from medical.scoring.scorer import Scorer

    formats = checked_formats(format_)
    settings = site_settings()
    scorer = Scorer(
        model_called(model or settings.model),
        samples=checked_samples(samples or settings.samples),
        device=device,
        starnet=starnet_called(starnet or settings.starnet),
        operating_point=threshold,
    )
    check_device(device, engine)
    check_deidentify(deidentify, context=context, engine=engine)
    contexts = read_contexts(context)
    make_folder(out)
    place = shown_address(out)
    started = time.monotonic()
    with (
        taken_out(inputs, deidentify) as (paths, refused),
        run_progress(quiet=quiet, verbose=verbose) as progress,
    ):
        try:
            result = scorer.score(
                paths,
                out,
                options=_options(settings, progress, formats, contexts, resume=resume),
                workers=workers,
                engine=engine,
            )
        except (InputError, OSError) as error:  # the cluster's: an input's is among the results
            _fail_run(error, place, code=SOME_FAILED if progress.done else NONE_SCORED)
        except KeyboardInterrupt:
            _say_interrupted(progress, place)
    for problem in result.errors:
        print_line(str(problem))
    if not quiet:
        model_used = f"{scorer.card.name} {scorer.card.version}"
        others = results_of_other_models(Path(out), model_used)
        show_end(result, place, seconds=time.monotonic() - started, others=others)
    raise typer.Exit(_exit_code(result, refused=refused))


def _options(
    settings: Settings,
    progress: RunProgress,
    formats: set[str],
    contexts: ContextTable | None,
    *,
    resume: bool,
) -> ScoreOptions:
    from medical.scoring.batches.options import ScoreOptions

    return ScoreOptions(
        resume=resume,
        heatmaps="heatmap" in formats,
        forms=frozenset(form for form in ARCHIVED if form in formats),
        progress=progress.move,
        begin=progress.begin,
        watch=progress.end,
        key=result_key_of(settings.work_dir),
        pseudonyms=pseudonyms_of(settings.work_dir),
        contexts=contexts,
    )


def _say_interrupted(progress: RunProgress, out: str) -> NoReturn:
    fail(
        f"interrupted: {progress.done} of {max(progress.expected, progress.done)} series are done, "
        f"{progress.failed} failed; results are in {out}. Run the same again with --resume to go "
        "on.",
        code=INTERRUPTED,
    )


def _fail_run(error: Exception, out: str, *, code: int) -> NoReturn:
    if not isinstance(error, OSError):
        fail(str(error), code=code)
    if error.errno not in _DISK:
        raise error
    fail(
        f"{error.filename or out}: {error.strerror}. Fix this, then run again with --resume.",
        code=code,
    )


def _exit_code(result: ScoreResult, *, refused: int) -> int:
    if not result.series:
        return NONE_SCORED
    return SOME_FAILED if result.errors or refused else OK
