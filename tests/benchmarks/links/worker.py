"""One rank of ``links``: the same training steps with gradients travelling in several ways.

Run as ``-m tests.benchmarks.links.worker FOLDER ROUNDS STEPS``; reads ``bank.pt`` there, rank 0
writes ``results.json``. Ways take turns of a few steps, so that what else the machine does hits all
of them alike.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import torch
from torch import Tensor, distributed, nn
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import fp16_compress_hook
from torch.distributed.algorithms.ddp_comm_hooks.powerSGD_hook import PowerSGDState, powerSGD_hook
from torch.nn.parallel import DistributedDataParallel

from medical.synthesis.insertion.engine import TrainingBatch
from models.detector.losses import centre_loss, centre_targets
from models.distributed.aggregator import AggregatorConfig, HierarchicalAggregator
from models.distributed.compression.selection import SharedTopK
from tests.benchmarks.traffic.one_strategy import OneStrategy
from tests.benchmarks.traffic.worker import BATCH, SIZES
from tests.logs import logged

DENSE, POWER, AUTOMATIC = "dense DDP", "PowerSGD, rank 1", "ours, automatic"
_ONE_BUCKET_MB = 1000
Attach = Callable[[DistributedDataParallel], None]


@dataclass(frozen=True)
class Measured:
    """What rank 0 saw.

    Args:
        rounds: seconds a step by way, for each round.
        lines: by the cost model.
    """

    rounds: list[dict[str, float]]
    lines: list[str]


class Detecting(nn.Module):
    """The detector's losses as a forward pass."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.detector = SIZES["reduced"].build()

    def forward(self, batch: TrainingBatch) -> Tensor:
        targets = centre_targets(
            batch.centers,
            batch.diameters_mm,
            batch.valid,
            batch.label,
            batch.has_mask,
            batch.ignore_regions,
        )
        return torch.stack(list(centre_loss(self.detector(batch.image), targets).values())).sum()


class Trainer:
    """Steps with gradients travelling one strategy, as the training loop sets DDP up.

    Args:
        attach: takes over the gradients.
        bank: patches.
        bucket_mb: size of buckets; torch's default where it is ``None``.
    """

    def __init__(
        self, attach: Attach, bank: TrainingBatch, *, bucket_mb: int | None = None
    ) -> None:
        self.bank = bank
        module = Detecting()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            self.ddp = DistributedDataParallel(
                module,
                bucket_cap_mb=bucket_mb,
                gradient_as_bucket_view=True,
                broadcast_buffers=False,
            )
        attach(self.ddp)
        self.optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3)

    def seconds(self, steps: int) -> float:
        """Of one step, mean over ``steps``; all ranks begin together."""
        distributed.barrier()
        started = time.perf_counter()
        for _ in range(steps):
            chosen = torch.randint(len(self.bank.image), (BATCH,))
            batch = TrainingBatch(*(part[chosen] for part in self.bank[:-1]))
            self.optimizer.zero_grad(set_to_none=True)
            self.ddp(batch).backward()
            self.optimizer.step()
        distributed.barrier()
        return (time.perf_counter() - started) / steps


def power_sgd(ddp: DistributedDataParallel) -> None:
    """torch's own, rank 1, from the second step on.

    It speaks from several threads, so with gloo more than one bucket mix up their sums: give one.
    """
    state = PowerSGDState(
        process_group=None, matrix_approximation_rank=1, start_powerSGD_iter=2, warm_start=True
    )
    ddp.register_comm_hook(state, powerSGD_hook)


def strategies() -> dict[str, Attach]:
    """How each strategy is attached."""
    top = SharedTopK(k=0.01, k_start=0.01, warmup_steps=0)
    chooser = HierarchicalAggregator(AggregatorConfig(top=top, automatic=True))
    return {
        DENSE: lambda ddp: None,
        "torch's FP16 hook": lambda ddp: ddp.register_comm_hook(None, fp16_compress_hook),
        POWER: power_sgd,
        "ours, compressed": OneStrategy().attach,
        "ours, top-k 1 %": OneStrategy(k=0.01).attach,
        AUTOMATIC: chooser.attach,
    }


def main() -> None:
    """Take turns, write down."""
    folder, rounds, steps = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", timeout=timedelta(seconds=300))
    torch.manual_seed(distributed.get_rank())
    stored = torch.load(folder / "bank.pt", weights_only=True)
    bank = TrainingBatch(*(stored[name] for name in TrainingBatch._fields))
    trainers = {
        name: Trainer(attach, bank, bucket_mb=_ONE_BUCKET_MB if name == POWER else None)
        for name, attach in strategies().items()
    }
    with logged() as log:
        for trainer in trainers.values():
            trainer.seconds(3)  # PowerSGD begins, buckets are there
    measured = Measured(
        [{name: item.seconds(steps) for name, item in trainers.items()} for _ in range(rounds)],
        log,
    )
    if distributed.get_rank() == 0:
        (folder / "results.json").write_text(json.dumps(asdict(measured)))
    distributed.barrier()
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
