"""The run of ``starlung compress``: make each step, measure it, promote the last if it may be."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, cast

import torch
from pydantic import Field

from medical.errors import InputError
from medical.evaluation.evaluate import evaluate_tables
from medical.evaluation.tables import Tables
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import divided, open_pool
from medical.synthesis.phantom.sample import keep_chest_cases
from medical.training.cases.gather import Gathered, gather
from medical.training.compress import compress_first_stage, load_student
from medical.training.compress_refinement import compress_refinement_stage
from medical.training.compressing.figures import (
    StepBook,
    StepFigures,
    cost_fields,
    curve_fields,
    plot_pareto,
)
from medical.training.compressing.promotion import decide_on_step
from medical.training.compressing.recipe import CompressionRecipe
from medical.training.compressing.steps import LAST, PACKED, StepMaker, StepModel, steps_of
from medical.training.config import Cases
from medical.training.fit import Material
from medical.training.gate import decide
from medical.training.publish import score_held_out
from medical.training.recipes import Frozen, Patches, Recipe, read_recipe
from medical.training.retrain import claim
from models.compression.footprint import measure
from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.zoo.loader import StoredModel
from models.zoo.networks import load_to_teach

_log = logging.getLogger(__name__)


class CompressConfig(Frozen):
    """One compression.

    Args:
        source: cases to teach with and, of other patients, to measure on.
        recipe: how far to go, and how long to teach.
        bound: most of the mean sensitivity that may be lost, at the lower end of its 95 % interval.
        patches: what a step of teaching sees.
        seed: of batches.
        resume: whether to go on with what is in the run's folder.
    """

    source: Cases
    recipe: CompressionRecipe = CompressionRecipe()
    bound: Annotated[float, Field(ge=0, lt=1)] = 0.01
    patches: Patches = Patches()
    seed: int = 0
    resume: bool = False


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
    recipe = _recipe_of(teacher, config)
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
        plan = config.recipe.plan
        cases = [TrainingCase.load(path) for path in gathered.training.values()]
        pool = divided(open_pool(config.source.nodule_pool, seed=config.seed), seed=config.seed)[0]
        chests = keep_chest_cases(out / "chests", count=recipe.chests) if recipe.chests else []
        material = Material(
            cases=cases, pool=pool, chests=[TrainingCase.load(path) for path in chests]
        )
        _teach(config, recipe, teacher, material, out / "taught")
        maker = StepMaker(
            teacher=teacher,
            recipe=recipe,
            plan=plan,
            taught=out / "taught",
            cases=cases,
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


def _teach(
    config: CompressConfig, recipe: Recipe, teacher: StoredModel, material: Material, out: Path
) -> None:
    """Make students of both stages; what an earlier run left is taken."""
    both, plan = load_to_teach(teacher), config.recipe.plan
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    student = compress_first_stage(both, material, recipe, plan=plan, out=out, device=device)
    if not plan.refinement_share:
        return
    rounded = out / "eight-bit.safetensors"
    first = load_student(recipe, rounded) if plan.eight_bit_share else student
    compress_refinement_stage(both, first, material, recipe, plan=plan, out=out, device=device)


def _recipe_of(teacher: StoredModel, config: CompressConfig) -> Recipe:
    sizes = cast(dict[str, Any], dict(teacher.card.detector))
    sizes["widths"] = tuple(sizes["widths"])
    sizes.pop("mirrored", None)  # the student is taught by both views and needs one
    lessons = Recipe()
    if config.recipe.lessons:
        lessons = read_recipe(config.recipe.lessons)
        lessons = lessons.model_copy(
            update={"phases": (lessons.phases[0].model_copy(update={"share": 1.0}),)}
        )
    return lessons.model_copy(
        update={
            "name": config.recipe.name,
            "detector": DetectorConfig(**sizes),
            "refiner": RefinerConfig.from_dict(teacher.card.refiner),
            "patches": config.patches,
            "seed": config.seed,
        }
    )


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
