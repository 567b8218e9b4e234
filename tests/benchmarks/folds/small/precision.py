"""One set of weights in many widths: ``... folds.small.precision DATA LITE OUT FOLD SECONDS``.

DATA and LITE as for ``folds.small.int8``; of the fold ``unseen`` the student is starlung-lite
before its eight bits and the teacher starlung-fast. The fold's pruned student is taught on by both
views of its teacher with a width drawn for each batch (``AnyPrecision``), then reads what the fold
left out in each width, the whole box at once and in a mirror, with the second stage in
``DATA/start/FOLD.safetensors``. Writes ``OUT/BITS.csv`` as ``folds.read`` does, and prints how each
compares with 16 bits and with starlung-fast, and how many windows of lung the input's statistic
would give to each width if a quarter may be narrow and a tenth wide. A sixth argument, as ``8,16``,
names the widths that are taught and read; ``OUT/FOLD/taught.safetensors`` are the weights without
bounds. Run again on the same OUT it goes on where it was cut off.
"""

from __future__ import annotations

import copy
import csv
import sys
from collections import Counter
from pathlib import Path
from typing import cast

import torch

from medical.logs import LineHandler, own_log
from medical.synthesis.nodules.pool import NodulePool
from medical.training.compress import IN_FULL_PRECISION, load_student
from medical.training.fit import Material
from medical.training.lessons import Lessons, phase_config, save_weights
from medical.training.recipes import Recipe
from models.compression.dynamic import AnyPrecision, DynamicQuantizer
from models.compression.quantization import BITS
from models.compression.student import DistilledFirstStage
from models.detector.both_views import BothViews
from models.detector.detector import Detector
from models.training.two_stage import TwoStage
from tests.benchmarks.folds.compare import SHIFTED, compare
from tests.benchmarks.folds.predictions import PREDICTIONS, read_predictions
from tests.benchmarks.folds.read import COLUMNS, rows_of, scans_of
from tests.benchmarks.folds.scans import left_out
from tests.benchmarks.folds.small.refinement import how_here
from tests.benchmarks.folds.train import RECIPE, cases_of, load_start
from tests.benchmarks.folds.whole_box import WholeBox

_EVEN, _RICH = 0.25, 0.1  # shares of the windows for the fewest and for the most bits
_SEED, _RATE, _VIEWS = 41, 3e-4, 2


def taught(
    student: Detector,
    teacher: TwoStage,
    lessons: Lessons,
    *,
    out: Path,
    seconds: float,
    widths: tuple[int, ...] = BITS,
) -> AnyPrecision:
    """Teach a student in several widths by turns; its bounds begin as those of one batch."""
    learner = AnyPrecision(student, DynamicQuantizer(), except_for=IN_FULL_PRECISION, taught=widths)
    learner.to(lessons.device)
    with lessons.batches(seed=_SEED, chests=False) as batches, torch.no_grad():
        batches.seek(0)
        image = batches().image
        learner.train()
        for bits in widths:
            learner.set_bits(bits)
            learner.network(image)
        values = learner.quantizer.statistic(image)
    learner.quantizer.calibrate(values, narrow=_EVEN, wide=_RICH)
    both = DistilledFirstStage(
        cast(Detector, learner),
        teacher.refiner,
        teacher=BothViews(teacher.detector).to(lessons.device),
    ).to(lessons.device)
    average = lessons.teach(both, phase_config(seconds, _RATE), out=out, seed=_SEED)
    return cast(AnyPrecision, average.detector).eval()


def as_it_comes(recipe: Recipe) -> Recipe:
    """Leave the first stage uncompiled: it would be compiled anew for each width."""
    first = recipe.phases[0].model_copy(update={"compiled": False})
    return recipe.model_copy(update={"phases": (first, *recipe.phases[1:])})


def read(data: Path, fold: str, path: Path, reader: WholeBox) -> None:
    """Read what a fold left out."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for lung in left_out(fold):
            for case, inserted, ignored in scans_of(data, lung):
                table.writerows(rows_of(case, lung, inserted, ignored, {_VIEWS: reader}))


def save_without_bounds(model: AnyPrecision, like: Detector, path: Path) -> None:
    """Write what was taught as weights of a plain first stage."""
    weights = model.network.state_dict()
    like.load_state_dict({name: weights[name].cpu() for name in like.state_dict()})
    save_weights(like, path)


def print_widths(folder: Path, widths: tuple[int, ...] = BITS) -> None:
    """Compare each width with the widest, and all with starlung-fast on the same lungs."""
    for second in (True, False):
        scans = {
            bits: read_predictions(folder / f"{bits}.csv", views=_VIEWS, with_second=second)
            for bits in widths
        }
        fast = read_predictions(
            PREDICTIONS / SHIFTED / "fast-int8.csv", views=_VIEWS, with_second=second
        )
        stages = "both stages" if second else "first stage alone"
        for bits in widths:
            print(f"starlung-fast and {bits} bits, {stages}: {compare(fast, scans[bits])}")
        for bits in widths[:-1]:
            print(
                f"{widths[-1]} and {bits} bits, {stages}: {compare(scans[widths[-1]], scans[bits])}"
            )


def main() -> None:
    """Teach, read in each width and compare."""
    data, lite, out, fold = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True
    recipe = as_it_comes(how_here("starlung-fast" if fold == "unseen" else RECIPE))
    teacher = load_start(recipe, data / "start" / f"{fold}.safetensors").eval()
    material = Material(cases=cases_of(data, fold), pool=NodulePool.load(data / "pool.npz"))
    lessons = Lessons(material, recipe, device)
    paths = [lite / fold / f"{name}.safetensors" for name in ("step3", "pruned")]
    pruned = load_student(recipe, next(path for path in paths if path.exists()))
    widths = tuple(map(int, sys.argv[6].split(","))) if len(sys.argv) > 6 else BITS
    model = taught(
        copy.deepcopy(pruned),
        teacher,
        lessons,
        out=out / fold,
        seconds=float(sys.argv[5]),
        widths=widths,
    )
    save_without_bounds(model, pruned, out / fold / "taught.safetensors")
    for bits in widths:
        model.set_bits(bits)
        both = TwoStage(cast(Detector, model.network), teacher.refiner).eval()
        read(data, fold, out / f"{bits}.csv", WholeBox(both, device=device, views=_VIEWS))
    print_widths(out, widths)
    with lessons.batches(seed=_SEED + 1, chests=False) as batches:
        batches.seek(0)
        chosen = Counter(bits for _ in range(8) for bits in model.quantizer.bits(batches().image))
    print(f"windows by width: {dict(sorted(chosen.items()))}")


if __name__ == "__main__":
    with own_log(LineHandler()):
        main()
