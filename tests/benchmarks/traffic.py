"""Bytes between nodes, and the loss that they buy: DDP's all-reduce against the aggregator.

Run by ``make bench NAME=traffic`` as root on Linux: nodes are network namespaces, bytes are those
that each node's interface sent, frames and acknowledgements included, a step, after warm-up. The
real detector at reduced size learns on nodules set into a phantom's lungs.

Two tables. First two nodes of two ranks: bytes and loss. The loss of a run is its mean over ranks
and the last quarter of the steps; a way is "within the spread" when the mean of its three seeds is
not above the worst of the three dense ones (a lower loss is no fault), and ``loss_inside`` says
besides whether it lies between the least and the greatest of them. Second 2, 4 and 8 nodes of one
rank, with the shipped sizes: what a node sends a step, and how that grows.

Where namespaces cannot be made it says so and measures nothing on a wire: ranks share the machine,
and bytes are counted from what is handed to the exchange.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import fmean

from tests.benchmarks.traffic_bank import write_bank
from tests.benchmarks.traffic_network import Network, NoNamespacesError
from tests.benchmarks.traffic_ranks import run_ranks
from tests.benchmarks.traffic_worker import Job, Outcome

SEEDS = (0, 1, 2)
STEPS, WARMUP = 240, 60
SHORT, SKIP = 24, 8  # steps of a run that counts bytes only, and those before counting


def long_jobs() -> list[Job]:
    """Every way with every seed; one way more shows what the hierarchy alone gives."""
    ways = {
        "dense DDP": {"dense": True},
        "FP16": {"form": "FP16"},
        "INT8": {"form": "INT8"},
        "precision by measured error": {},
        "top-k 1 %": {"k": 0.01, "warmup": WARMUP},
    }
    jobs = [
        Job(name=name, seed=seed, steps=STEPS, **options)  # type: ignore[arg-type]
        for seed in SEEDS
        for name, options in ways.items()
    ]
    return [*jobs, Job(name="hierarchy alone, FP32", form="FP32", steps=SHORT)]


def short_jobs() -> list[Job]:
    """Ways whose growth with the number of nodes is measured."""
    ways = {
        "dense DDP": {"dense": True},
        "precision by measured error": {},
        "top-k 1 %, k held": {"k": 0.01, "hold": False},
        "top-k 1 %, traffic held": {"k": 0.01},
    }
    return [
        Job(name=name, steps=SHORT, full=True, **options)  # type: ignore[arg-type]
        for name, options in ways.items()
    ]


def measured(jobs: list[Job], bank: Path, *, nodes: int, per_node: int) -> list[Outcome]:
    """The jobs on a network of their own, or without one where none can be made."""
    with tempfile.TemporaryDirectory(prefix="starlung-traffic-") as work, ExitStack() as stack:
        network = None
        try:
            network = stack.enter_context(Network(nodes, frames=True))
        except NoNamespacesError as error:
            print(f"NO WIRE IS MEASURED, bytes are counted from the exchange: {error}")
        folder = Path(work)
        (folder / "bank.pt").symlink_to(bank)
        (folder / "jobs.json").write_text(json.dumps([asdict(job) for job in jobs]))
        worker = ["tests.benchmarks.traffic_worker", str(folder)]
        run_ranks(network, worker, folder=folder, per_node=per_node, nodes=nodes)
        read = json.loads((folder / "results.json").read_text())
    return [Outcome(**{**one, "job": Job(**one["job"])}) for one in read]


def bytes_a_step(outcome: Outcome) -> float:
    """What a node sent a step, mean over nodes, once warmed up."""
    first = max(SKIP, outcome.job.warmup)
    steps = len(outcome.sent[0]) - 1 - first
    return fmean((sent[-1] - sent[first]) / steps for sent in outcome.sent)


def final_loss(outcome: Outcome) -> float:
    """Mean over the last quarter of the steps."""
    return fmean(outcome.loss[-(len(outcome.loss) // 4) :])


def by_name(outcomes: list[Outcome]) -> dict[str, list[Outcome]]:
    """Outcomes of the same way together."""
    names = dict.fromkeys(one.job.name for one in outcomes)
    return {name: [one for one in outcomes if one.job.name == name] for name in names}


def first_table(outcomes: list[Outcome]) -> dict[str, object]:
    """Print bytes and losses of two nodes; the keys that they give."""
    ways = by_name(outcomes)
    dense = fmean(map(bytes_a_step, ways["dense DDP"]))
    dense_losses = [final_loss(one) for one in ways["dense DDP"]]
    print("| two nodes of two ranks | bytes a node and step | fewer | loss of three seeds | mean |")
    print("|---|---|---|---|---|")
    fewer, losses = {}, {}
    for name, runs in ways.items():
        mean = fmean(map(bytes_a_step, runs))
        fewer[name] = 1 - mean / dense
        each, middle = "", ""
        if len(runs) == len(SEEDS):
            losses[name] = fmean(map(final_loss, runs))
            each = ", ".join(f"{final_loss(run):.3f}" for run in runs)
            middle = f"{losses[name]:.3f}"
        print(f"| {name} | {mean:,.0f} | {fewer[name]:.2%} | {each} | {middle} |")
    return {
        "reduction_precision": round(fewer["precision by measured error"], 4),
        "reduction_fp16": round(fewer["FP16"], 4),
        "reduction_topk1": round(fewer["top-k 1 %"], 4),
        "loss_within_spread": all(loss <= max(dense_losses) for loss in losses.values()),
        "loss_inside": all(
            min(dense_losses) <= loss <= max(dense_losses) for loss in losses.values()
        ),
    }


def second_table(by_nodes: dict[int, list[Outcome]]) -> dict[str, object]:
    """Print bytes by number of nodes; the keys that they give."""
    print("\n| one rank a node, bytes a node and step | 2 nodes | 4 nodes | 8 nodes | 8 to 2 |")
    print("|---|---|---|---|---|")
    growth = {}
    for name in by_name(by_nodes[2]):
        sent = [fmean(map(bytes_a_step, by_name(outcomes)[name])) for outcomes in by_nodes.values()]
        growth[name] = sent[-1] / sent[0]
        cells = " | ".join(f"{one:,.0f}" for one in sent)
        print(f"| {name} | {cells} | {growth[name]:.2f} |")
    return {
        "growth_2_to_8_nodes": round(growth["top-k 1 %, traffic held"], 3),
        "growth_2_to_8_nodes_k_held": round(growth["top-k 1 %, k held"], 3),
        "growth_2_to_8_nodes_dense": round(growth["dense DDP"], 3),
    }


def main() -> None:
    """Train, count, print."""
    with tempfile.TemporaryDirectory(prefix="starlung-bank-") as work:
        bank = Path(work) / "bank.pt"
        write_bank(bank, patches=256)
        result = first_table(measured(long_jobs(), bank, nodes=2, per_node=2))
        result |= second_table(
            {n: measured(short_jobs(), bank, nodes=n, per_node=1) for n in (2, 4, 8)}
        )
    print("RESULT", json.dumps(result))


if __name__ == "__main__":
    main()
