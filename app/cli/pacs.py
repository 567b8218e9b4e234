"""``starlung receive``, ``send`` and ``fetch``: studies and results between us and a PACS."""

from __future__ import annotations

import secrets
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.common import (
    NONE_SCORED,
    OK,
    SOME_FAILED,
    fail,
    log_lines,
    print_line,
    site_settings,
    site_store,
    watch,
)
from app.cli.deidentify import deidentifier_of
from medical.plain_text import counted

if TYPE_CHECKING:
    from app.settings import Settings
    from medical.deidentification.deidentifier import Deidentifier
    from medical.node.settings import NodeSettings, Peer
    from medical.store.outbox import Outgoing

_PACKAGES = ("pynetdicom", "dicomweb_client", "tenacity")


def receive(
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port for /health, /ready and /metrics.")
    ] = None,
) -> None:
    """Listen for studies, queue them, and send their results on, until stopped.

    Who may call, what is scored and where results go stands in the table `node` of starlung.toml.
    A `starlung worker` (or `serve`) scores.
    """
    _need_packages()
    from medical.node.node import Node

    settings = site_settings()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    store = site_store(settings)
    try:
        node = Node(
            store,
            settings.node,
            folder=(settings.work_dir / "node").resolve(),
            results=(settings.work_dir / "studies").resolve(),
            imported=settings.work_dir / "models",
            model=settings.model,
        )
        node.show_figures()
        watch(settings, store, metrics_port)
        with log_lines(renewing=False):
            port = node.start()
            print_line(
                f"StarLung: {settings.node.ae_title} listens on {settings.node.host}:{port}  "
                "(stop with Ctrl+C)"
            )
            stopping.wait()
            node.stop()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        where = f"{settings.node.host}:{settings.node.port}"
        fail(f"node on {where}: {reason}. Correct [node] in starlung.toml.")


def send(
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[INPUT]...", help="Result folders, or DICOM files, to send."),
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="Peer: its name in starlung.toml, AE@HOST:PORT, or a URL.")
    ] = None,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to keep trying; what is left goes later.")
    ] = 60.0,
    list_: Annotated[bool, typer.Option("--list", help="Show the outbox; send nothing.")] = False,
    without_patient: Annotated[
        bool, typer.Option("--deidentify", help="Take the patient out, as `starlung deidentify`.")
    ] = False,
    secret: Annotated[
        Path | None,
        typer.Option(help="With --deidentify: file with the secret; the site's own unless given."),
    ] = None,
) -> None:
    """Send results to a PACS; without INPUT what still waits.

    What could not be sent stays in the outbox: `starlung receive`, or the next `starlung send`,
    sends it. Ends with 0 when all is sent, 3 when something waits or was refused, 4 when all does.
    """
    _need_packages()
    from medical.node.delivery import Delivery
    from medical.store.outbox import destinations_waiting, lines

    settings = site_settings()
    store = site_store(settings)
    if list_:
        for line in lines(store):
            about = (line.destination, line.status, str(line.attempts), line.instance_uid)
            typer.echo("\t".join((*about, line.problem)))
        return
    left_out = 0
    before = {line.instance_uid: line for line in lines(store) if line.status == "sent"}
    peers = dict(settings.node.peers)
    if inputs:
        if to is None:
            fail("send: nowhere to. Give --to.")
        peers[to] = _peer(settings.node, to)
        deidentifier = deidentifier_of(secret) if without_patient else None
        entered, left_out = _enter(settings, inputs, to, deidentifier)
        print_line(f"{counted(entered, 'object')} entered for {to}.")
    elif to is not None:
        peers[to] = _peer(settings.node, to)
    with log_lines(renewing=False):
        delivery = Delivery(store, settings.node, peers)
        for destination in [to] if to else destinations_waiting(store):
            delivery.deliver(destination, limit_seconds=wait)
    ended = [line for line in lines(store) if to in (None, line.destination)]
    left = [line for line in ended if line.status != "sent"]
    for line in left:
        print_line(f"{line.destination}: {line.status}: {line.problem or 'tried again later'}")
    sent = sum(line.status == "sent" and line.instance_uid not in before for line in ended)
    not_sent = len(left) + left_out
    typer.echo(f"{counted(sent, 'object')} sent, {not_sent} not.")
    raise typer.Exit(OK if not not_sent else SOME_FAILED if sent else NONE_SCORED)


def _enter(
    settings: Settings, inputs: list[Path], to: str, deidentifier: Deidentifier | None
) -> tuple[int, int]:
    """Copy objects into the outbox and enter them: what is sent cannot vanish meanwhile.

    Returns:
        How many were entered, and how many were left out because they cannot lose their patient.
    """
    from medical.store.outbox import put

    files = [file for path in inputs for file in _dicom_files(path)]
    if not files:
        fail("send: no DICOM object in it. Score with --format sr,seg first.")
    folder = settings.work_dir.resolve() / "node" / "outbox" / secrets.token_hex(12)
    folder.mkdir(parents=True, mode=0o700)
    outgoing: list[Outgoing] = []
    left_out = 0
    try:
        for number, file in enumerate(files, start=1):
            copy = folder / f"{number:05d}.dcm"
            if deidentifier is None:
                shutil.copyfile(file, copy)
            elif reason := _copy_without_patient(file, copy, deidentifier):
                print_line(f"{file}: not sent: {reason}.")
                left_out += 1
                continue
            outgoing.append(_object_in(copy, file))
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        fail(f"{error.filename}: {error.strerror}. Nothing was entered.")
    if not outgoing:
        shutil.rmtree(folder, ignore_errors=True)
        fail("send: none of it can be sent without its patient. Nothing was entered.")
    with site_store(settings).transaction() as session:
        return put(session, to, outgoing), left_out


def _copy_without_patient(file: Path, copy: Path, deidentifier: Deidentifier) -> str:
    from medical.deidentification.files import deidentify_file  # an extra

    return deidentify_file(file, copy, deidentifier)


def _object_in(copy: Path, file: Path) -> Outgoing:
    from medical.node.dispatch import outgoing_of

    try:
        return next(iter(outgoing_of([copy])))
    except Exception:  # whatever pydicom makes of a file that is none
        shutil.rmtree(copy.parent, ignore_errors=True)
        fail(f"{file}: not a DICOM object. Nothing was entered.")


def _dicom_files(path: Path) -> Iterator[Path]:
    if not path.exists():
        fail(f"{path}: no such file or folder. Check the spelling.")
    yield from sorted(path.rglob("*.dcm")) if path.is_dir() else [path]


def fetch(
    from_: Annotated[
        str, typer.Option("--from", help="Peer: its name in starlung.toml, AE@HOST:PORT, or a URL.")
    ],
    study: Annotated[str | None, typer.Option(help="Study Instance UID.")] = None,
    series: Annotated[str | None, typer.Option(help="Series Instance UID, with --study.")] = None,
    date: Annotated[str | None, typer.Option(help="YYYYMMDD, or YYYYMMDD-YYYYMMDD.")] = None,
    modality: Annotated[
        str | None, typer.Option(help="Modality in the study; with --date alone CT unless given.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the studies.")] = None,
    move_to: Annotated[
        str | None, typer.Option(help="AE title that the peer is to send to (C-MOVE).")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List what fits; fetch nothing.")] = False,
) -> None:
    """Fetch studies from a PACS: by C-GET or WADO-RS into OUT, or by C-MOVE to a node.

    Ends with 0 when all came, 3 when some did not, 4 when none did.
    """
    _need_packages()
    from medical.node.dimse import PeerUnavailableError
    from medical.node.retrieval import Retrieval

    if study is None and date is None:
        fail("fetch: give --study or --date.")
    if not list_ and (out is None) == (move_to is None):
        fail("fetch: give either --out or --move-to.")
    if study is None and modality is None:
        modality = "CT"
    settings = site_settings()
    retrieval = Retrieval(_peer(settings.node, from_), settings.node)
    try:
        studies = retrieval.find(study_uid=study, date=date, modality=modality)
        if list_:
            for uid, day, count in studies:
                typer.echo(f"{uid}\t{day or '-'}\t{count}")
            return
        failed, fetched = 0, 0
        for uid, _, _ in studies:
            got, lost = retrieval.fetch(uid, series, out=out, move_to=move_to)
            fetched, failed = fetched + got, failed + lost
    except PeerUnavailableError as error:
        fail(f"{from_}: {error}. Check the peer, then fetch again.", code=NONE_SCORED)
    except OSError as error:
        fail(f"{error.filename or out}: {error.strerror}. Fetch again.", code=NONE_SCORED)
    if not studies:
        fail(f"{from_}: no such study.", code=NONE_SCORED)
    done = f"sent to {move_to}" if move_to else "fetched"
    typer.echo(f"{counted(fetched, 'object')} {done}, {failed} not.")
    raise typer.Exit(OK if not failed else SOME_FAILED if fetched else NONE_SCORED)


def _peer(node: NodeSettings, name: str) -> Peer:
    """Return the peer of that name, or at that address; otherwise exit with code 2."""
    from pydantic import ValidationError

    from medical.node.settings import Peer

    if name in node.peers:
        return node.peers[name]
    try:
        if "://" in name:
            return Peer(url=name)
        title, _, place = name.partition("@")
        host, _, port = place.rpartition(":")
        return Peer(ae_title=title, host=host.strip("[]"), port=int(port))
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        fail(f"peer: {reason}. Give a name in [node.peers], AE@HOST:PORT, or a URL.")
    except ValueError:
        fail(f"{name}: no such peer. Give a name in [node.peers], AE@HOST:PORT, or a URL.")


def _need_packages() -> None:
    from importlib.util import find_spec

    if missing := [name for name in _PACKAGES if find_spec(name) is None]:
        print_line(f"{missing[0]} is not installed. Install starlung[pacs].")
        sys.exit(2)
