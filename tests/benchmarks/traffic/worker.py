"""One rank of ``traffic``: trains the real detector at reduced size, once for each job.

Run as ``-m tests.benchmarks.traffic.worker FOLDER``; reads ``jobs.json`` and ``bank.pt`` there,
rank 0 writes ``results.json``. Training is the product's own loop; what differs between jobs is how
gradients travel.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed

from medical.synthesis.insertion.engine import TrainingBatch
from models.detector.detector import DetectorConfig
from models.detector.losses import centre_loss, centre_targets
from models.distributed.aggregator import HierarchicalAggregator
from models.distributed.compression.values import Format
from models.training.loop import LoopConfig, train
from tests.benchmarks.traffic.network import sent_bytes
from tests.benchmarks.traffic.one_strategy import OneStrategy

SIZES = {
    "small": DetectorConfig(widths=(8, 16, 24, 32), channels=16),  # 0.22 M weights
    "reduced": DetectorConfig(widths=(8, 24, 48, 64), channels=24),  # 0.75 M
    "shipped": DetectorConfig(),  # 3.0 M
}
BATCH = 1


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training.

    Args:
        name: of the way in which gradients travel.
        seed: of weights and batches.
        steps: of training.
        k: share of values sent; 1 sends all.
        form: name of a format; measured where empty.
        warmup: steps in which k falls from ``k_start``.
        k_start: share at the first step.
        hold: send fewer values between more nodes.
        dense: DDP's own all-reduce; nothing else counts then.
        size: of the detector.
        lose_at_most: steps that are taken again after a cut; snapshots travel as well, so runs
            whose bytes are counted on a wire take none.
    """

    name: str
    seed: int = 0
    steps: int
    k: float = 1.0
    form: str = ""
    warmup: int = 0
    k_start: float = 0.1
    hold: bool = True
    dense: bool = False
    size: str = "reduced"
    lose_at_most: int = 10**9

    def aggregator(self, node_of_rank: list[int] | None) -> HierarchicalAggregator | None:
        """What travels in this job; ``None`` for DDP's own."""
        if self.dense:
            return None
        return OneStrategy(
            k=self.k,
            form=Format[self.form] if self.form else None,
            warmup=self.warmup,
            k_start=self.k_start,
            hold=self.hold,
            seed=self.seed,
            node_of_rank=node_of_rank,
        )


@dataclass(kw_only=True)
class Outcome:
    """Of one job.

    Args:
        job: as ordered.
        loss: mean over ranks at each step.
        sent: bytes that each node had sent when each step began, ``[nodes][steps]``.
        seconds: rank 0's clock when each step began.
    """

    job: Job
    loss: list[float] = field(default_factory=list)
    sent: list[list[int]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


class Batches:
    """Draws from the bank by torch's generator; reads clock and counter as each step begins.

    Args:
        bank: patches.
        counted: bytes sent since this process began, where no interface counts them.
    """

    def __init__(self, bank: TrainingBatch, counted: Callable[[int], int]) -> None:
        self.bank, self.counted = bank, counted
        self.sent: list[int] = []
        self.seconds: list[float] = []
        self.loss: list[Tensor] = []
        self._before = self._steps_before = 0

    def __call__(self) -> TrainingBatch:
        self.sent.append(self._sent())
        self.seconds.append(time.monotonic())
        chosen = torch.randint(len(self.bank.image), (BATCH,))
        return TrainingBatch(*(part[chosen] for part in self.bank[:-1]))

    def state_dict(self) -> dict[str, Any]:
        """What was seen so far, so that a run that was cut off goes on with it."""
        loss = torch.stack(self.loss) if self.loss else torch.empty(0)
        return {"sent": self.sent, "seconds": self.seconds, "loss": loss, "before": self._sent()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.sent, self.seconds = list(state["sent"]), list(state["seconds"])
        self.loss = list(state["loss"])
        self._before, self._steps_before = state["before"], len(self.loss)

    def _sent(self) -> int:
        wire = sent_bytes()
        return self._before + (
            self.counted(len(self.sent) - self._steps_before) if wire is None else wire
        )


def carry_out(job: Job, bank: TrainingBatch, out: Path) -> Outcome:
    """Train; every rank calls this."""
    rank, world = distributed.get_rank(), distributed.get_world_size()
    torch.manual_seed(job.seed)
    detector = SIZES[job.size].build()
    torch.manual_seed(1000 * job.seed + rank + 1)
    per_node = int(os.environ["LOCAL_WORLD_SIZE"])
    nodes = [item // per_node for item in range(world)] if sent_bytes() is None else None
    aggregator = job.aggregator(nodes)
    weights = sum(p.numel() for p in detector.parameters())

    def counted(steps: int) -> int:
        if aggregator is None:  # a ring over all ranks crosses from each node to the next once
            return steps * 4 * weights * 2 * (world - 1) // world
        return aggregator.sent_bytes if steps else 0

    batches = Batches(bank, counted)

    def losses(batch: TrainingBatch) -> dict[str, Tensor]:
        targets = centre_targets(
            batch.centers,
            batch.diameters_mm,
            batch.valid,
            batch.label,
            batch.has_mask,
            batch.ignore_regions,
        )
        parts = centre_loss(detector(batch.image), targets)
        batches.loss.append(torch.stack(list(parts.values())).sum().detach())
        return parts

    train(
        detector,
        losses,
        batches,
        LoopConfig(
            steps=job.steps,
            lose_at_most_steps=job.lose_at_most,
            warmup_steps=20,
            log_steps=10**9,
        ),
        out=out,
        device=torch.device("cpu"),
        communication=aggregator,
    )
    loss = torch.stack(batches.loss)
    distributed.all_reduce(loss)
    sent: list[list[int]] = [[] for _ in range(world)]
    distributed.all_gather_object(sent, batches.sent)
    return Outcome(
        job=job,
        loss=(loss / world).tolist(),
        sent=[sent[first] for first in range(0, world, per_node)],
        seconds=batches.seconds,
    )


def main() -> None:
    """Do all jobs in one start of the processes."""
    folder = Path(sys.argv[1])
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", timeout=timedelta(seconds=300))
    stored = torch.load(folder / "bank.pt", weights_only=True)
    bank = TrainingBatch(*(stored[name] for name in TrainingBatch._fields))
    outcomes = []
    for number, text in enumerate(json.loads((folder / "jobs.json").read_text())):
        out = folder / f"job{number}"
        out.mkdir(exist_ok=True)
        distributed.barrier()
        outcomes.append(carry_out(Job(**text), bank, out))
        if distributed.get_rank() == 0:
            print(f"{text['name']}: {outcomes[-1].loss[-1]:.3f}", file=sys.stderr, flush=True)
            (folder / "results.json").write_text(
                json.dumps([asdict(outcome) for outcome in outcomes])
            )
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
