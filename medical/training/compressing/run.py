"""The run of ``starlung compress``: make each step, measure it, promote the last if it may be."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from medical.errors import InputError
from medical.evaluation.evaluate import evaluate_tables
from medical.evaluation.tables import Tables
from medical.synthesis.case import TrainingCase
from medical.training.cases.gather import Gathered, gather
from medical.training.compressing.config import CompressConfig, Teaching
from medical.training.compressing.figures import (
    StepBook,
    StepFigures,
    cost_fields,
    curve_fields,
    plot_pareto,
)
from medical.training.compressing.promotion import decide_on_step
from medical.training.compressing.steps import LAST, PACKED, StepMaker, StepModel, steps_of
from medical.training.compressing.teaching import TAUGHT, teach_students
from medical.training.gate import decide
from medical.training.publish import score_held_out
from medical.training.retrain import claim
from models.compression.footprint import measure
from models.zoo.loader import StoredModel

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Compressed:
    """What a run ends with.

    Args:
        steps: figures, teacher first.
        lite: the promoted model as one file; ``None`` if it loses too much, or nobody can tell.
    """

    steps: tuple[StepFigures, ...]
    lite: Path | None


def compress(config: CompressConfig, teacher: StoredModel, *, out: Path) -> Compressed:
    """Make a model smaller, and measure what each step costs and saves.

    Args:
        config: what to learn from, and how far to go.
        teacher: of this project; unchanged.
        out: folder for the run.

    Raises:
        InputError: what the user can mend, one sentence.
    """
    claim(out, resume=config.resume)
    with TemporaryDirectory(prefix="starlung-") as work:
        gathered = gather(
            config.source, out=out, seen=teacher.card.scans_seen_in_training, work=Path(work)
        )
        if not gathered.held_out:
            raise InputError(
                config.source.cases,
                f"no scan can be held out that {teacher.card.name} has not seen",
                "Give CTs of more patients: what a smaller model loses must be measured",
            )
        files = tuple(str(path.relative_to(out)) for path in gathered.training.values())
        teach_students(Teaching(config=config, teacher=str(teacher.folder), cases=files), out)
        maker = StepMaker(
            teacher=teacher,
            recipe=config.build_recipe(teacher.card),
            plan=config.recipe.plan,
            taught=out / TAUGHT,
            cases=[TrainingCase.load(path) for path in gathered.training.values()],
            trained_on=list(gathered.training),
            out=out / "steps",
        )
        rows = _measure(maker, gathered, StepBook(out / "steps.jsonl"), bound=config.bound)
    plot_pareto(rows, out / "pareto.png")
    lite = out / f"{teacher.card.name}-lite.starlung"
    lite.unlink(missing_ok=True)  # of an earlier run that was promoted
    twins = out / f"{teacher.card.name}-lite-onnx"
    shutil.rmtree(twins, ignore_errors=True)
    if rows[-1].promotable:
        step = out / "steps" / LAST
        shutil.copyfile(step / PACKED, lite)
        twins.mkdir()
        for file in step.glob("*.onnx"):
            shutil.copyfile(file, twins / file.name)
    return Compressed(tuple(rows), lite if rows[-1].promotable else None)


def _measure(
    maker: StepMaker, gathered: Gathered, book: StepBook, *, bound: float
) -> list[StepFigures]:
    """Figures of all steps, each judged against the teacher."""
    rows: list[StepFigures] = []
    first: Tables | None = None
    for name in steps_of(maker.plan):
        step = maker.make(name)
        row = book.find(name, step.model.card.digest)
        if row is None or first is None:
            (tables,) = score_held_out([step.model], gathered)
            first = first or tables
            row = row or _figures(step, tables)
        if rows:
            lost = decide(row.tables(first), rows[0].tables(first), margin=bound)
            row = row.judged(decide_on_step(lost, bound=bound))
            maker.keep_back(name, "" if row.promotable else row.verdict)
        book.add(row)
        rows.append(row)
        _log.info(_line(row))
    return rows


def _figures(step: StepModel, tables: Tables) -> StepFigures:
    evaluation = evaluate_tables(tables).evaluation
    candidates = tuple((c.series_uid, *c.center_lps_mm, c.probability) for c in tables.candidates)
    fields: Mapping[str, Any] = {
        **asdict(step.size),
        **cost_fields(measure(step.first)),
        **curve_fields(evaluation),
    }
    return StepFigures(
        step=step.name, sha256=step.model.card.digest, candidates=candidates, **fields
    )


def _line(row: StepFigures) -> str:
    cpm = "no nodules" if row.cpm is None else f"CPM {row.cpm:.3f}"
    return (
        f"{row.step}: {row.file_bytes / 1e6:.2f} MB, {row.channels} channels, "
        f"{row.window_ms_best:.1f} ms a window, {cpm}"
    )
