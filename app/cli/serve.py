"""``starlung serve``: the reading room in the browser, and the worker that scores for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.common import site_store, watch


def serve(
    host: Annotated[
        str | None,
        typer.Option(
            help="Address to listen on; others than this machine's need login. [127.0.0.1]"
        ),
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. [8501]")] = None,
    open_: Annotated[
        Path | None,
        typer.Option("--open", help="Study or result folder to show first."),
    ] = None,
) -> None:
    """Read studies in the browser. Research use only."""
    from tomllib import TOMLDecodeError

    from pydantic import ValidationError

    from app.settings import Settings, settings_file

    given: dict[str, Any] = {"host": host, "port": port}
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise _wrong_use(_first_reason(error)) from None
    except (TOMLDecodeError, OSError) as error:
        raise _wrong_use(f"{settings_file()}: cannot be read: {error}.") from None
    _say_which_settings(settings_file())
    if open_ is not None and not open_.exists():
        raise _wrong_use(f"{open_}: no such file or folder. Check the spelling.")
    _run(settings, open_.resolve() if open_ else None)


def _run(settings: Any, open_path: Path | None) -> None:
    from app.web.components.viewer.assets import FrontendMissingError, frontend_url
    from app.web.server import run
    from app.worker_process import keep_private
    from medical.errors import InputError

    try:
        keep_private(settings)
    except OSError as error:
        problem = f"{settings.work_dir}: cannot be kept private: {error.strerror}."
        raise _wrong_use(f"{problem} Give another work_dir.") from None
    try:
        frontend_url()
        if settings.metrics_port is not None:
            watch(settings, site_store(settings), settings.metrics_port)
        typer.echo(
            f"StarLung: http://{settings.host}:{settings.port}  (stop with Ctrl+C)", err=True
        )
        run(settings, open_path=open_path)
    except (FrontendMissingError, InputError) as error:
        raise _wrong_use(str(error)) from None
    except OSError as error:
        reason = f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}."
        raise _wrong_use(f"{reason} Give another port with --port.") from None


def _say_which_settings(read: Path | None) -> None:
    """Name a settings file that earlier versions read from the current folder."""
    here = Path("starlung.toml")
    if here.is_file() and (read is None or not here.samefile(read)):
        typer.echo(f"{here} in this folder is not read. Name it with STARLUNG_CONFIG.", err=True)


def _first_reason(error: Any) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    reason = first["msg"].removeprefix("Value error, ")
    return f"{name}: {reason}." if name else f"{reason[0].upper()}{reason[1:]}."


def _wrong_use(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(2)
