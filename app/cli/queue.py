"""``starlung queue`` and ``starlung worker``: queued studies, scored one after another."""

from __future__ import annotations

import getpass
import io
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from app.cli.common import (
    NONE_SCORED,
    fail,
    log_lines,
    model_called,
    print_line,
    site_settings,
    site_store,
    starnet_called,
    watch,
)
from app.cli.deidentify import deidentifier_of
from medical.files import written_atomically
from medical.plain_text import counted

if TYPE_CHECKING:
    from medical.deidentification.deidentifier import Deidentifier

queue = typer.Typer(
    help="Queued studies: add, list, objects, retry, remove, verify.", no_args_is_help=True
)
Keys = Annotated[
    list[str], typer.Argument(metavar="KEY...", help="Of the study, as `starlung queue list` says.")
]


@queue.command()
def add(
    inputs: Annotated[
        list[Path], typer.Argument(metavar="INPUT...", help="As for `starlung score`; one a study.")
    ],
) -> None:
    """Queue studies; a running `starlung worker` scores them."""
    from medical.store.queue import enqueue

    missing = [path for path in inputs if not path.exists()]
    if missing:
        fail(f"{missing[0]}: does not exist. Correct the path; nothing was queued.")
    store, root = site_store(), site_settings().work_dir / "studies"
    for path in inputs:
        typer.echo(enqueue(store, path.resolve(), root=root.resolve(), actor=getpass.getuser()))


@queue.command("list")
def list_() -> None:
    """One line a study: key, status, strongest finding, place of the result or reason."""
    from medical.review.interval_text import probability_text
    from medical.review.worklist import worklist
    from medical.store.tables import SCORED

    for study in worklist(site_store(), archived=None, limit=None):
        status: str = study.status
        if study.archived_at is not None:
            status += " (archived)"
        if study.status == "scoring":
            status += f" ({study.stage or 'begun'} {study.fraction:.0%})"
        has_findings = study.status in SCORED and study.findings > 0
        strongest = probability_text(study.max_probability) if has_findings else "-"
        end = study.folder if study.status in SCORED else study.failure or study.source
        typer.echo("\t".join((study.key, status, strongest, " ".join(end.split()))))


@queue.command()
def objects(
    study: Annotated[str, typer.Argument(help="Key or label of a signed study.")],
    out: Annotated[Path, typer.Option(help="Folder for the objects; they identify the patient.")],
    format_: Annotated[
        str, typer.Option("--format", help="Which: sr, seg, kos, pdf.")
    ] = "sr,seg,kos,pdf",
    deidentify: Annotated[
        Path | None,
        typer.Option(
            metavar="SECRET",
            help="Take the patient out by the secret in this file, as `starlung deidentify`; a "
            "pdf is left out.",
        ),
    ] = None,
) -> None:
    """Write a signed study's DICOM objects, as signed; `starlung send OUT` takes them to a PACS."""
    from medical.errors import InputError
    from medical.report.objects.signed import SIGNED_FORMS, signed_objects
    from medical.review.worklist import worklist

    forms = {name.strip() for name in format_.split(",")}
    if unknown := sorted(forms - set(SIGNED_FORMS)):
        fail(f"--format {unknown[0]}: not a form; there are {', '.join(SIGNED_FORMS)}.")
    store = site_store()
    every = worklist(store, archived=None, limit=None)
    rows = [row for row in every if study in (row.key, row.label)]
    if len(rows) != 1:
        problem = "no study has this key" if not rows else "several studies have this label"
        fail(f"{study}: {problem}. Take the key from `starlung queue list`.")
    try:
        files = signed_objects(store, rows[0].key, actor=getpass.getuser(), forms=forms)
    except InputError as error:
        fail(str(error), code=NONE_SCORED)
    deidentifier = deidentifier_of(deidentify) if deidentify else None
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    series = list(dict.fromkeys(file.series_uid for file in files))
    for file in files:
        path = out / f"{rows[0].label}-{series.index(file.series_uid) + 1}-{file.form}.dcm"
        if refusal := _write_object(path, file.content, deidentifier):
            print_line(f"{path.name}: not written: {refusal}.")
            continue
        typer.echo(path)


def _write_object(path: Path, content: bytes, deidentifier: Deidentifier | None) -> str:
    """Write an object for its owner's eyes; returns why not, where it cannot lose its patient."""
    if deidentifier is not None:
        from medical.deidentification.files import deidentify_file

        return deidentify_file(io.BytesIO(content), path, deidentifier)
    with written_atomically(path) as beside:
        beside.touch(mode=0o600)
        beside.write_bytes(content)
    return ""


@queue.command()
def retry(
    keys: Keys,
    model: Annotated[
        str | None,
        typer.Option(help="Another model to score with; the one of before unless given."),
    ] = None,
) -> None:
    """Queue studies once more that failed."""
    from medical.store.requests import try_again

    if model is not None:
        model_called(model)
    store, status_of = site_store(), _status_by_key()
    _refuse_unknown(keys, status_of)
    for key in keys:
        if not try_again(store, key, actor=getpass.getuser(), model=model):
            fail(f"{key}: this study is {status_of[key]}. Only what has failed can be retried.")
        typer.echo(f"{key}\tqueued again")


@queue.command()
def remove(keys: Keys) -> None:
    """Take studies out of the queue, with their results; what a reader has decided on stays."""
    from medical.store.requests import cancel
    from medical.store.requests import remove as delete

    store, status_of = site_store(), _status_by_key()
    results, actor = site_settings().work_dir / "studies", getpass.getuser()
    _refuse_unknown(keys, status_of)
    for key in keys:
        cancel(store, key, actor=actor)
        if not delete(store, key, reason="dismissed", results=results.resolve(), actor=actor):
            fail(f"{key}: a reader has decided on it, so it stays. Archive it in the worklist.")
        typer.echo(f"{key}\tremoved")


def _status_by_key() -> dict[str, str]:
    from medical.review.worklist import worklist

    return {study.key: study.status for study in worklist(site_store(), archived=None, limit=None)}


def _refuse_unknown(keys: list[str], status_of: dict[str, str]) -> None:
    """End the program before anything is changed."""
    for key in keys:
        if key not in status_of:
            fail(
                f"{key}: no such study. `starlung queue list` shows the keys; nothing was changed."
            )


@queue.command()
def verify(
    expected: Annotated[
        str | None, typer.Option(help="A last hash noted earlier; it must still be there.")
    ] = None,
) -> None:
    """Check the audit trail and that readers' decisions are what it says; 4 where they are not."""
    from medical.review.decisions import unaccounted
    from medical.review.signed_reports import changed_reports
    from medical.store.audit import verify as verify_trail

    store = site_store()
    trail = verify_trail(store, expected=expected)
    if trail.problem:
        fail(
            f"audit trail: {trail.problem}, after "
            f"{counted(trail.entries, 'whole entry', 'whole entries')}.",
            code=NONE_SCORED,
        )
    if changed := unaccounted(store):
        rows = ", ".join(map(str, changed))
        fail(f"audit trail: decisions {rows} are not what the trail says.", code=NONE_SCORED)
    if labels := changed_reports(store):
        names = ", ".join(labels)
        fail(f"audit trail: the signed reports of {names} are not what it says.", code=NONE_SCORED)
    if trail.without_key:
        last = trail.without_key
        print_line(
            f"entries up to number {last} carry no key: an earlier version wrote them, and they "
            f"could be rewritten until entry {last + 1} closed them off."
        )
    typer.echo(f"{counted(trail.entries, 'entry', 'entries')}, whole. Last hash: {trail.last_hash}")


def worker(
    until_empty: Annotated[bool, typer.Option(help="End when nothing waits any more.")] = False,
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port for /health, /ready and /metrics.")
    ] = None,
    attached: Annotated[
        bool, typer.Option(hidden=True, help="End when standard input closes.")
    ] = False,
    for_readers: Annotated[
        bool, typer.Option(hidden=True, help="Do only what readers wait for, score no study.")
    ] = False,
) -> None:
    """Score queued studies until stopped; several may run at once."""
    from app.web.security.secrets import patient_secret, result_key
    from app.worker_process import keep_private, taken_over
    from medical.scoring.batches.options import ScoreOptions
    from medical.scoring.workers.worker import Stop, Worker
    from medical.store.queue import KINDS

    stopping = threading.Event()

    def stop(*_: object) -> NoReturn:
        stopping.set()
        raise Stop

    settings = taken_over(sys.stdin.buffer) if attached else site_settings()
    if settings is None:
        return  # the server that started us is gone
    keep_private(settings)
    model_called(settings.model)  # what is wrong with it is better said now than at each study
    starnet_called(settings.starnet)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        if attached:
            threading.Thread(target=_stop_with_standard_input, daemon=True).start()
        store = site_store(settings)
        watch(settings, store, metrics_port)
        process = Worker(
            store,
            model=settings.model,
            starnet=settings.starnet,
            samples=settings.samples,
            imported=settings.work_dir / "models",
            lease_seconds=settings.lease_seconds,
            max_seconds=settings.score_timeout_minutes * 60,
            stopping=stopping,
            kinds=[kind for kind in KINDS if kind != "score" or not for_readers],
            options=ScoreOptions(
                server=True,
                heatmaps=True,
                intake_seconds=settings.intake_limit_minutes * 60,
                key=result_key(settings.work_dir),
                patient_secret=patient_secret(settings.work_dir),
                identify="scanner" if settings.hide_identity else "patient",
            ),
        )
        with log_lines(renewing=False, settings=settings):
            process.run(until_empty=until_empty)
    except Stop:
        return  # told to stop while the store was being opened: nothing was begun


def _stop_with_standard_input() -> None:
    sys.stdin.buffer.read()
    signal.raise_signal(signal.SIGTERM)
