"""Bytes between nodes, and the loss that they buy: DDP's all-reduce against the aggregator.

Run by ``make bench NAME=traffic`` as root on Linux: nodes are network namespaces, bytes are those
that each node's interface sent a step, frames and acknowledgements included. The real detector
learns on nodules set into a phantom's lungs.

Three tables. First the bytes of two nodes of two ranks, a quarter of the shipped weights. Then the
loss, with a fourteenth of them: that of a run is its mean over ranks and the last quarter of the
steps. ``loss_within_spread`` says whether, for every strategy, the mean of its three seeds lies
between the least and the greatest loss of the three dense seeds, or below (a lower loss is no
fault); ``loss_within_spread_...`` says so of one strategy. Last 2, 4 and 8 nodes of one rank, the
shipped sizes: what a node sends a step, and how that grows.

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
from typing import Any

from tests.benchmarks.traffic.bank import write_bank
from tests.benchmarks.traffic.network import Network, NoNamespacesError
from tests.benchmarks.traffic.ranks import run_ranks
from tests.benchmarks.traffic.worker import Job, Outcome

SEEDS = (0, 1, 2)
STEPS = 300
SHORT, SKIP = 24, 8  # steps of a run that counts bytes, and those before counting
DENSE, MEASURED = "dense DDP", "precision by measured error"
TOPK10, TOPK = "top-k 10 %", "top-k 1 %"  # the first is what the product takes on slow links
Options = dict[str, Any]


def byte_jobs() -> list[Job]:
    """Ways whose bytes are counted; the second shows what the hierarchy alone gives."""
    strategies: dict[str, Options] = {
        DENSE: {"dense": True},
        "hierarchy alone, FP32": {"form": "FP32"},
        "FP16": {"form": "FP16"},
        "INT8": {"form": "INT8"},
        MEASURED: {},
        TOPK10: {"k": 0.1},
        TOPK: {"k": 0.01},
    }
    return [Job(name=name, steps=SHORT, **options) for name, options in strategies.items()]


def loss_jobs(steps: int = STEPS, *, lose_at_most: int = 10**9) -> list[Job]:
    """Every way that loses something, and dense, with every seed; FP16 loses less than INT8."""
    strategies: dict[str, Options] = {
        DENSE: {"dense": True},
        MEASURED: {},
        TOPK10: {"k": 0.1, "k_start": 0.1},
        TOPK: {"k": 0.01, "k_start": 0.01},
    }
    return [
        Job(name=name, seed=seed, steps=steps, size="small", lose_at_most=lose_at_most, **options)
        for seed in SEEDS
        for name, options in strategies.items()
    ]


def growth_jobs() -> list[Job]:
    """Ways whose growth with the number of nodes is measured."""
    strategies: dict[str, Options] = {
        DENSE: {"dense": True},
        MEASURED: {},
        "top-k 1 %, k held": {"k": 0.01, "hold": False},
        "top-k 1 %, traffic held": {"k": 0.01},
    }
    return [
        Job(name=name, steps=SHORT, size="shipped", **options)
        for name, options in strategies.items()
    ]


def measured(
    jobs: list[Job], bank: Path, *, nodes: int, per_node: int, frames: bool = True
) -> list[Outcome]:
    """The jobs on a network of their own, or without one where none can be made."""
    with tempfile.TemporaryDirectory(prefix="starlung-traffic-") as work, ExitStack() as stack:
        network = None
        try:
            network = stack.enter_context(Network(nodes, frames=frames))
        except NoNamespacesError as error:
            print(f"NO WIRE IS MEASURED, bytes are counted from the exchange: {error}")
        folder = Path(work)
        (folder / "bank.pt").symlink_to(bank)
        (folder / "jobs.json").write_text(json.dumps([asdict(job) for job in jobs]))
        worker = ["tests.benchmarks.traffic.worker", str(folder)]
        run_ranks(network, worker, folder=folder, per_node=per_node, nodes=nodes)
        read = json.loads((folder / "results.json").read_text())
    return [Outcome(**{**item, "job": Job(**item["job"])}) for item in read]


def bytes_a_step(outcome: Outcome, *, first: int = SKIP) -> float:
    """What a node sent a step from step ``first`` on, mean over nodes."""
    steps = len(outcome.sent[0]) - 1 - first
    return fmean((sent[-1] - sent[first]) / steps for sent in outcome.sent)


def final_loss(outcome: Outcome) -> float:
    """Mean over the last quarter of the steps."""
    return fmean(outcome.loss[-(len(outcome.loss) // 4) :])


def by_name(outcomes: list[Outcome]) -> dict[str, list[Outcome]]:
    """Outcomes of the same strategy together."""
    names = dict.fromkeys(outcome.job.name for outcome in outcomes)
    return {name: [outcome for outcome in outcomes if outcome.job.name == name] for name in names}


def byte_table(outcomes: list[Outcome]) -> dict[str, object]:
    """Print bytes of two nodes of two ranks; the keys that they give."""
    sent = {outcome.job.name: bytes_a_step(outcome) for outcome in outcomes}
    fewer = {name: 1 - item / sent[DENSE] for name, item in sent.items()}
    print("| two nodes of two ranks | bytes a node and step | fewer |")
    print("|---|---|---|")
    for name, item in sent.items():
        print(f"| {name} | {item:,.0f} | {fewer[name]:.2%} |")
    return {
        "reduction_precision": round(fewer[MEASURED], 4),
        "reduction_fp16": round(fewer["FP16"], 4),
        "reduction_topk10": round(fewer[TOPK10], 4),
        "reduction_topk1": round(fewer[TOPK], 4),
    }


def loss_table(outcomes: list[Outcome]) -> dict[str, object]:
    """Print losses, and bytes of the whole run; the keys that they give."""
    strategies = by_name(outcomes)
    whole = {
        name: fmean(bytes_a_step(run, first=0) for run in runs) for name, runs in strategies.items()
    }
    loss = {name: [final_loss(run) for run in runs] for name, runs in strategies.items()}
    steps = outcomes[0].job.steps
    print(f"\n| loss after {steps} steps | three seeds | mean | fewer bytes, whole run |")
    print("|---|---|---|---|")
    for name, each in loss.items():
        seeds = ", ".join(f"{item:.4f}" for item in each)
        print(f"| {name} | {seeds} | {fmean(each):.4f} | {1 - whole[name] / whole[DENSE]:.2%} |")
    greatest = max(loss[DENSE])
    mean = {name: fmean(each) for name, each in loss.items()}
    return {
        "loss_within_spread": all(value <= greatest for value in mean.values()),
        "loss_within_spread_precision": mean[MEASURED] <= greatest,
        "loss_within_spread_topk10": mean[TOPK10] <= greatest,
        "loss_to_dense_precision": round(mean[MEASURED] / mean[DENSE], 4),
        "loss_to_dense_topk10": round(mean[TOPK10] / mean[DENSE], 4),
        "loss_to_dense_topk1": round(mean[TOPK] / mean[DENSE], 4),
        "reduction_topk10_whole_run": round(1 - whole[TOPK10] / whole[DENSE], 4),
    }


def growth_table(by_nodes: dict[int, list[Outcome]]) -> dict[str, object]:
    """Print bytes by number of nodes; the keys that they give."""
    print("\n| one rank a node, bytes a node and step | 2 nodes | 4 nodes | 8 nodes | 8 to 2 |")
    print("|---|---|---|---|---|")
    growth = {}
    for name in by_name(by_nodes[2]):
        sent = [fmean(map(bytes_a_step, by_name(outcomes)[name])) for outcomes in by_nodes.values()]
        growth[name] = sent[-1] / sent[0]
        cells = " | ".join(f"{item:,.0f}" for item in sent)
        print(f"| {name} | {cells} | {growth[name]:.2f} |")
    return {
        "growth_2_to_8_nodes": round(growth["top-k 1 %, traffic held"], 3),
        "growth_2_to_8_nodes_k_held": round(growth["top-k 1 %, k held"], 3),
        "growth_2_to_8_nodes_dense": round(growth[DENSE], 3),
    }


def main() -> None:
    """Train, count, print."""
    with tempfile.TemporaryDirectory(prefix="starlung-bank-") as work:
        bank = Path(work) / "bank.pt"
        write_bank(bank, patches=256)
        growth = {n: measured(growth_jobs(), bank, nodes=n, per_node=1) for n in (2, 4, 8)}
        result = byte_table(measured(byte_jobs(), bank, nodes=2, per_node=2))
        # packets larger than a frame make it faster, and whole runs are only compared in parts
        result |= loss_table(measured(loss_jobs(), bank, nodes=2, per_node=2, frames=False))
        result |= growth_table(growth)
    print("RESULT", json.dumps(result))


if __name__ == "__main__":
    main()
