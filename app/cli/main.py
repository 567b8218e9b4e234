"""The command ``starlung``: one module a command, registered here."""

from __future__ import annotations

import typer

from app.cli.adapt import adapt
from app.cli.compare import compare
from app.cli.doctor import doctor
from app.cli.evaluate import evaluate
from app.cli.explain import explain
from app.cli.models import models
from app.cli.queue import queue, worker
from app.cli.retrain import retrain
from app.cli.score import score
from app.cli.serve import serve
from medical.quiet import silence_libraries

app = typer.Typer(
    name="starlung",
    help="Finds lung nodules in chest CT, says how sure it is. Research use only.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(serve)
app.command()(score)
app.command()(evaluate)
app.command()(retrain)
app.command()(adapt)
app.command()(explain)
app.command()(compare)
app.command()(worker)
app.command()(doctor)
app.add_typer(models, name="models")
app.add_typer(queue, name="queue")


def main() -> None:
    """Entry point of the program."""
    silence_libraries()
    app()


if __name__ == "__main__":
    main()
