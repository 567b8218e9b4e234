"""What the commands share: exit codes, options, progress, sentences on standard error."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from medical.logs import JsonHandler, LineHandler, own_log
from medical.plain_text import one_line

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails
    from rich.console import Console
    from rich.status import Status

    from app.settings import Settings
    from medical.store.database import Store
    from models.zoo.loader import StoredModel


OK, WRONG_USE, SOME_FAILED, NONE_SCORED = 0, 2, 3, 4
INTERRUPTED = 130  # as shells count it: 128 and the number of SIGINT


def print_line(sentence: str) -> None:
    """Write one line to standard error, whatever a file's name or a library put into it."""
    typer.echo(" ".join(one_line(sentence).split()), err=True)


def fail(sentence: str, *, code: int = WRONG_USE) -> NoReturn:
    """End the program with one line on standard error and no trace."""
    print_line(sentence)
    raise typer.Exit(code)


def site_settings() -> Settings:
    """Read the settings; a wrong variable or ``starlung.toml`` ends the program with code 2."""
    from tomllib import TOMLDecodeError

    from pydantic import ValidationError

    from app.settings import Settings, settings_file

    try:
        return Settings()
    except ValidationError as error:
        fail(_wrong_setting(error.errors()[0]))
    except TOMLDecodeError as error:
        fail(f"{settings_file()}: {error}. Correct the file.")
    except FileNotFoundError as error:
        fail(f"{error.filename}: {error.strerror}. Correct STARLUNG_CONFIG.")
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}. Correct the file's rights.")


def _wrong_setting(first: ErrorDetails) -> str:
    """Say which setting is wrong and where to correct it."""
    from app.settings import settings_file

    name = ".".join(str(part) for part in first["loc"])
    reason = first["msg"].removeprefix("Value error, ")
    if not name:  # what is wrong lies between settings
        return f"settings: {reason}."
    if first["type"] == "extra_forbidden":
        return f"setting {name}: there is no such setting. Correct {settings_file()}."
    if len(first["loc"]) > 1 or name == "node":  # a table, which no variable sets
        return f"setting {name}: {reason}. Correct {settings_file() or 'starlung.toml'}."
    return f"setting {name}: {reason}. Correct STARLUNG_{name.upper()} or starlung.toml."


def site_store(settings: Settings | None = None) -> Store:
    """Open the site's store, private; ends the program with code 2 where it cannot be opened."""
    from app.site_store import open_site_store
    from app.worker_process import keep_private
    from medical.errors import InputError

    settings = settings or site_settings()
    keep_private(settings)
    try:
        return open_site_store(settings)
    except InputError as error:
        fail(str(error))


def watch(settings: Settings, store: Store, port: int | None) -> None:
    """Let others watch over this process on a port; the program ends where it is taken."""
    if port is None:
        return
    from app.monitoring import watch_over
    from medical.metrics import REGISTRY
    from medical.store.figures import StoreFigures, answers

    REGISTRY.register(StoreFigures(store))
    try:
        watch_over(settings.metrics_host, port, is_ready=lambda: answers(store))
    except OSError as error:
        fail(f"port {port} for metrics: {error.strerror}. Give another.")


def imported_models(*, make: bool = False) -> Path:
    """Folder of the models that the user imported; it need not exist.

    Args:
        make: make it; whoever makes the work folder first makes it private.
    """
    folder = site_settings().work_dir / "models"
    if make:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True)
    return folder


def all_models() -> list[StoredModel]:
    """Every model at hand; a card that cannot be read ends the program with exit code 2."""
    from pydantic import ValidationError

    from models.zoo.loader import list_models

    imported = imported_models()
    try:
        return list_models(imported=imported)
    except (ValidationError, OSError):
        fail(_unreadable_card(imported))


def model_called(name: str) -> StoredModel:
    """Find the model of that name, or in that folder; otherwise exit with code 2."""
    from pydantic import ValidationError

    from models.zoo.loader import (
        CARD,
        ModelDamagedError,
        ModelFileError,
        ModelNotFoundError,
        find_model,
    )

    imported = imported_models()
    try:
        return find_model(name, imported=imported)
    except ModelNotFoundError as error:
        fail(f"{error}. See `starlung models list`.")
    except (ModelDamagedError, ModelFileError) as error:
        fail(f"{error}.")
    except ValidationError:
        named = Path(name) / CARD
        fail(_no_card(named) if named.is_file() else _unreadable_card(imported))
    except OSError as error:
        fail(f"{error.filename or name}: {error.strerror}. Check the model's folder.")


def starnet_called(name: str) -> Path:
    """Find the folder of the StarNet of that name, or that folder; otherwise exit with code 2."""
    from models.zoo.loader import ModelNotFoundError
    from models.zoo.starnet_card import StarNetDamagedError
    from models.zoo.starnets import find_starnet

    try:
        return find_starnet(name, imported=imported_models())
    except ModelNotFoundError as error:
        fail(f"{error}. See `starlung models list`.")
    except StarNetDamagedError as error:
        fail(f"{error}.")


def trainable_model(name: str) -> StoredModel:
    """Return the model of that name, if it can be taught; otherwise exit code 2."""
    model = model_called(name)
    if model.card.has_retinanet:
        fail(
            f"{name}: its first stage was made elsewhere: it can score and be evaluated, not "
            "trained. Give --from a model of StarLung."
        )
    return model


def _unreadable_card(imported: Path) -> str:
    """Name the first card below the imported models that cannot be read."""
    from models.zoo.card import ModelCard
    from models.zoo.loader import CARD
    from models.zoo.starnets import is_starnet

    for card in sorted(imported.glob(f"*/{CARD}")):
        if is_starnet(card.parent):
            continue
        try:
            ModelCard.read(card)
        except (OSError, ValueError):
            return f"{_no_card(card)} Remove its folder and import the model again."
    return "a shipped model's card cannot be read. Install StarLung again."


def _no_card(path: Path) -> str:
    return f"{path}: not a model card that this version can read."


_RENEWS = "renews"  # see models.training.log


@contextmanager
def log_lines(*, renewing: bool = True, settings: Settings | None = None) -> Iterator[None]:
    """Show the program's own log on standard error.

    On a terminal the line that says how many steps were taken stays at the bottom and renews
    itself; whatever else is logged scrolls above it and takes it away. Elsewhere every record is a
    line.

    Args:
        renewing: whether steps renew a line on a terminal.
        settings: of the site; read where not given.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if (settings or site_settings()).log_format == "json":
        with own_log(JsonHandler()):
            yield
        return
    if not (renewing and console.is_terminal):
        with own_log(LineHandler()):
            yield
        return
    with console.status("") as status, own_log(_TerminalHandler(console, status)):
        yield


class _TerminalHandler(LineHandler):
    def __init__(self, console: Console, status: Status) -> None:
        super().__init__()
        self.console, self.status = console, status

    def write(self, line: str, record: logging.LogRecord) -> None:
        """Renew the status, or print above it."""
        from rich.text import Text

        if getattr(record, _RENEWS, False):
            self.status.update(Text(line))
        else:
            self.status.update(Text(" "))  # rich takes an empty text for no change
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)
