"""The command ``starlung``: one module a command, registered here."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from app.cli.adapt import adapt
from app.cli.compress import compress
from app.cli.deidentify import deidentify
from app.cli.doctor import doctor
from app.cli.evaluate import evaluate
from app.cli.explain import explain
from app.cli.models import models
from app.cli.pacs import fetch, receive, send
from app.cli.queue import queue, worker
from app.cli.retrain import retrain
from app.cli.scoring.score import score
from app.cli.serve import serve
from medical.logs import silence_libraries

app = typer.Typer(
    name="starlung",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},  # the commands below take it over
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"starlung {version('starlung')}")
        raise typer.Exit


@app.callback()
def common(
    version_: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Find lung nodules in chest CT, and say how sure it is. Research use only."""


app.command()(serve)
app.command()(score)
app.command()(evaluate)
app.command()(retrain)
app.command()(adapt)
app.command()(compress)
app.command()(explain)
app.command()(worker)
app.command()(receive)
app.command()(send)
app.command()(fetch)
app.command()(deidentify)
app.command()(doctor)
app.add_typer(models, name="models")
app.add_typer(queue, name="queue")


def main() -> NoReturn:
    """Entry point of the program; leaves at once when the command has ended.

    Threads may still be in the libraries' own code: loading a model, say, or closing one. Python's
    usual way out tears them down, upon which C++ aborts the process ("terminate called without an
    active exception") and a run that succeeded ends with another exit code.
    """
    silence_libraries()
    code = 0
    try:
        app()
    except SystemExit as ended:
        code = _exit_code(ended)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # whoever read it may be gone
            stream.flush()
    os._exit(code)


def _exit_code(ended: SystemExit) -> int:
    if ended.code is None or isinstance(ended.code, int):
        return ended.code or 0
    print(ended.code, file=sys.stderr)
    return 1


if __name__ == "__main__":
    main()
