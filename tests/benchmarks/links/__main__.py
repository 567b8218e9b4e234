"""Seconds a training step over links of several speeds: where compression pays, and where not.

Run by ``make bench NAME=links`` as root on Linux, or ``python -m tests.benchmarks.links FOLDER``:
what was measured is then kept there, rate by rate, and is not measured again. Two nodes of two
ranks, network namespaces whose interfaces are held to a rate by the kernel's token bucket (tc tbf),
train the real detector at reduced size. At each rate the strategies take turns, a step at a time; a
cell is the median over rounds. How far the automatic choice is from the best way is the median over
rounds of their ratio within the round. Draws ``docs/benchmarks/links.png``.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from statistics import median

from tests.benchmarks.links.worker import AUTOMATIC, DENSE, Measured
from tests.benchmarks.traffic.bank import write_bank
from tests.benchmarks.traffic.network import Network
from tests.benchmarks.traffic.ranks import run_ranks

SPARSE = "ours, top-k 1 %"
RATES: tuple[float | None, ...] = (10, 100, 1000, None)
PLOT = Path(__file__).parents[3] / "docs" / "benchmarks" / "links.png"
LIMIT_SECONDS = 900  # of one rate
UNSHAPED_AT = 10_000.0  # where the plot shows the link without a limit


def stored(rate: float | None, folder: Path) -> Measured:
    """What was measured at a rate, now or before."""
    path = folder / f"rate-{rate or 'none'}.json"
    if not path.exists():
        link = measured(rate, folder / "bank.pt")
        path.write_text(json.dumps(asdict(link)))
        times = ", ".join(f"{name} {seconds:.3f} s" for name, seconds in medians(link).items())
        print(f"{rate or 'no limit'}: {times}", file=sys.stderr, flush=True)
    return Measured(**json.loads(path.read_text()))


def measured(rate: float | None, bank: Path) -> Measured:
    """All ways at one rate; fewer rounds where each step takes seconds."""
    rounds = 3 if rate == 10 else 8
    with (
        tempfile.TemporaryDirectory(prefix="starlung-links-") as work,
        Network(2, frames=False) as network,
    ):
        network.shape(rate)
        folder = Path(work)
        (folder / "bank.pt").symlink_to(bank.resolve())
        worker = ["tests.benchmarks.links.worker", str(folder), str(rounds), "1"]
        run_ranks(network, worker, folder=folder, per_node=2, limit_seconds=LIMIT_SECONDS)
        return Measured(**json.loads((folder / "results.json").read_text()))


def medians(link: Measured) -> dict[str, float]:
    """Seconds a step by way."""
    return {name: median(turn[name] for turn in link.rounds) for name in link.rounds[0]}


def from_best(link: Measured) -> float:
    """Automatic against the best way."""
    seconds = medians(link)
    best = min((name for name in seconds if name != AUTOMATIC), key=lambda name: seconds[name])
    return median(turn[AUTOMATIC] / turn[best] for turn in link.rounds)


def break_even(links: dict[float | None, Measured]) -> float | None:
    """Megabits a second where top-k and dense take as long, between measured rates (log-log)."""
    points = [
        (math.log(rate or UNSHAPED_AT), math.log(medians(item)[SPARSE] / medians(item)[DENSE]))
        for rate, item in links.items()
    ]
    for (x0, y0), (x1, y1) in pairwise(points):
        if y0 < 0 <= y1:
            return round(math.exp(x0 - y0 * (x1 - x0) / (y1 - y0)))
    return None


def draw(links: dict[float | None, Measured], path: Path) -> None:
    """Seconds a step over the link's rate."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    rates = [rate or UNSHAPED_AT for rate in links]
    for name in next(iter(links.values())).rounds[0]:
        seconds = [medians(value)[name] for value in links.values()]
        dashed = "--" if name == AUTOMATIC else "-"
        axes.plot(rates, seconds, dashed, marker="o", label=name)
    if (rate := break_even(links)) is not None:
        axes.axvline(rate, color="grey", linestyle=":")
        axes.annotate(f"top-k = dense\n{rate:,} Mb/s", (rate, axes.get_ylim()[1]), va="top")
    axes.set(xscale="log", yscale="log", xlabel="link, Mb/s", ylabel="seconds a step")
    axes.set_xticks(rates, [f"{rate:g}" if rate else "no limit" for rate in links])
    axes.legend()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure each rate, print, draw."""
    with tempfile.TemporaryDirectory(prefix="starlung-links-") as work:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else work)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "bank.pt").exists():
            write_bank(folder / "bank.pt", patches=32)
        links = {rate: stored(rate, folder) for rate in RATES}
    names = list(links[None].rounds[0])
    print(f"| seconds a step | {' | '.join(names)} | automatic to best |")
    print("|---" * (len(names) + 2) + "|")
    for rate, item in links.items():
        cells = " | ".join(f"{medians(item)[name]:.3f}" for name in names)
        label = f"{rate:,} Mb/s" if rate else "no limit"
        print(f"| {label} | {cells} | {from_best(item):.3f} |")
    for rate, item in links.items():
        for line in item.lines:
            print(f"{rate or 'no limit'}: {line}")
    draw(links, PLOT)
    worst = max(from_best(value) for value in links.values())
    result = {
        "automatic_to_best": {
            str(rate or "none"): round(from_best(links[rate]), 3) for rate in links
        },
        "automatic_within_5_percent": worst <= 1.05,
        "break_even_megabits": break_even(links),
    }
    print("RESULT", json.dumps(result))


if __name__ == "__main__":
    main()
