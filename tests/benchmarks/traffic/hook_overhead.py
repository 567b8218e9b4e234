"""What the aggregator's hook costs a training step: plain DDP against DDP with our hook.

Run as ``python -m tests.benchmarks.traffic.hook_overhead``, alone or by torchrun with any number of
devices, each of which then counts as a node. Both stages of the shipped sizes learn on made tensors
of the shape and precision of real training; only ``models`` is imported, so torch and MONAI are
enough. Ways take turns, a few steps at a time; the overhead is the median over rounds of the ratio
to plain DDP in the same round.

With one device nothing travels, so this is the price of choosing, packing and unpacking alone.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor, distributed, nn
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import fp16_compress_hook
from torch.nn.parallel import DistributedDataParallel

from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.distributed.compression.values import Format
from models.training.two_stage import TwoStage
from tests.benchmarks.traffic.one_strategy import OneStrategy

NODULES = 3
PLAIN = "plain DDP"


class MadeBatch(NamedTuple):
    """What ``models.training.two_stage.Batch`` asks for."""

    image: Tensor
    label: Tensor
    centers: Tensor
    diameters_mm: Tensor
    valid: Tensor
    density: Tensor
    has_mask: Tensor
    ignore_regions: Tensor


def made_batch(count: int, patch: int, device: torch.device) -> MadeBatch:
    """Noise with balls in it, each labelled."""
    centers = patch * (0.2 + 0.6 * torch.rand(count, NODULES, 3, device=device))
    diameters = 4 + 12 * torch.rand(count, NODULES, device=device)
    axis = torch.arange(patch, dtype=torch.float32, device=device)
    label = torch.zeros(count, 1, patch, patch, patch, device=device)
    for slot in range(NODULES):
        z, y, x = ((axis - centers[:, slot, a, None]) ** 2 for a in range(3))
        square = z[:, :, None, None] + y[:, None, :, None] + x[:, None, None, :]
        inside = square < (diameters[:, slot].view(-1, 1, 1, 1) / 2) ** 2
        label[:, 0].masked_fill_(inside, slot + 1)
    yes = torch.ones(count, NODULES, dtype=torch.bool, device=device)
    image = 0.3 * torch.randn_like(label) - 0.8 + 1.2 * (label > 0)
    kinds = torch.zeros(count, NODULES, dtype=torch.long, device=device)
    return MadeBatch(image, label, centers, diameters, yes, kinds, yes, ~yes)


class Losses(nn.Module):
    """The losses as a forward pass, as the training loop wraps them."""

    def __init__(self, networks: TwoStage) -> None:
        super().__init__()
        self.networks = networks

    def forward(self, batch: MadeBatch) -> dict[str, Tensor]:
        return self.networks.losses(batch)


class Trainer:
    """Training steps with gradients travelling one strategy."""

    def __init__(self, device: torch.device, attach: Callable[[DistributedDataParallel], None]):
        torch.manual_seed(0)
        networks = TwoStage(DetectorConfig().build(), RefinerConfig().build()).to(device)
        networks.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.device, self.networks = device, networks
        self.optimizer = torch.optim.AdamW(networks.parameters(), lr=1e-4)
        self.ddp = DistributedDataParallel(
            Losses(networks), gradient_as_bucket_view=True, broadcast_buffers=False
        )
        attach(self.ddp)

    def step(self, batch: MadeBatch) -> None:
        """As the training loop takes it."""
        kind = self.device.type
        with torch.autocast(kind, torch.bfloat16, enabled=kind == "cuda"):
            parts = self.ddp(batch)
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack(list(parts.values())).sum().backward()  # type: ignore[no-untyped-call]
        if torch.isfinite(nn.utils.clip_grad_norm_(self.networks.parameters(), 10.0)):
            self.optimizer.step()

    def seconds(self, batch: MadeBatch, steps: int) -> float:
        """Of one step, mean over ``steps``; all devices begin together."""
        distributed.barrier()
        self._settle()
        started = time.perf_counter()
        for _ in range(steps):
            self.step(batch)
        self._settle()
        return (time.perf_counter() - started) / steps

    def _settle(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def strategies(world: int) -> dict[str, Callable[[DistributedDataParallel], None]]:
    """How each strategy is attached."""
    nodes = list(range(world))
    return {
        PLAIN: lambda ddp: None,
        "torch's FP16 hook": lambda ddp: ddp.register_comm_hook(None, fp16_compress_hook),
        "ours, k = 1": OneStrategy(flat=True, node_of_rank=nodes).attach,
        "ours, FP16": OneStrategy(form=Format.FP16, node_of_rank=nodes).attach,
        "ours, k = 1 %": OneStrategy(k=0.01, node_of_rank=nodes).attach,
    }


def join() -> torch.device:
    """Join the other processes, or be alone."""
    for name, value in (("RANK", 0), ("WORLD_SIZE", 1), ("LOCAL_RANK", 0), ("MASTER_PORT", 29511)):
        os.environ.setdefault(name, str(value))
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    if not torch.cuda.is_available():
        distributed.init_process_group("gloo")
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    torch.cuda.set_device(device)
    torch.backends.cudnn.benchmark = True
    distributed.init_process_group("cpu:gloo,cuda:nccl", device_id=device)
    return device


def main() -> None:
    """Take turns, compare, print."""
    device = join()
    small = device.type == "cpu"
    options = argparse.ArgumentParser()
    options.add_argument("--batch", type=int, default=4 if small else 32)
    options.add_argument("--patch", type=int, default=48 if small else 96)
    options.add_argument("--steps", type=int, default=1 if small else 10, help="of a turn")
    options.add_argument("--rounds", type=int, default=3 if small else 8)
    options.add_argument("--seconds", type=float, default=60, help="no round begins after so many")
    given = options.parse_args(sys.argv[1:])
    world = distributed.get_world_size()
    torch.manual_seed(distributed.get_rank())
    batch = made_batch(given.batch, given.patch, device)
    trainers = {name: Trainer(device, attach) for name, attach in strategies(world).items()}
    for trainer in trainers.values():  # kernels are tuned, memory is found, buckets are made
        trainer.seconds(batch, 3)
    rounds, started = list[dict[str, float]](), time.perf_counter()
    while len(rounds) < given.rounds and (not rounds or goes_on(started, given.seconds, device)):
        rounds.append({name: item.seconds(batch, given.steps) for name, item in trainers.items()})
    if distributed.get_rank() == 0:
        name = "CPU" if small else torch.cuda.get_device_name(device)
        weights = sum(p.numel() for p in trainers[PLAIN].networks.parameters())
        report(rounds, f"{world} x {name}, {weights:,} weights", given.batch, given.patch, world)
    distributed.barrier()
    distributed.destroy_process_group()


def goes_on(started: float, seconds: float, device: torch.device) -> bool:
    """Whether the first device says that there is time for another round."""
    more = torch.tensor(float(time.perf_counter() - started < seconds), device=device)
    distributed.broadcast(more, src=0)
    return bool(more)


def report(rounds: list[dict[str, float]], where: str, batch: int, patch: int, world: int) -> None:
    """Print the table and the keys."""
    print(f"{where}, {batch} patches of {patch} mm a device and step, {len(rounds)} rounds")
    print("| way | ms a step | patches a second | overhead |")
    print("|---|---|---|---|")
    overhead = {}
    for name in rounds[0]:
        seconds = median(item[name] for item in rounds)
        overhead[name] = 100 * (median(item[name] / item[PLAIN] for item in rounds) - 1)
        rate = world * batch / seconds
        print(f"| {name} | {1000 * seconds:.1f} | {rate:.1f} | {overhead[name]:+.1f} % |")
    keys = {"k1": "ours, k = 1", "fp16": "ours, FP16", "topk1": "ours, k = 1 %"}
    result: dict[str, float] = {
        f"overhead_{key}_percent": round(overhead[name], 2) for key, name in keys.items()
    }
    result["overhead_torch_fp16_percent"] = round(overhead["torch's FP16 hook"], 2)
    print("RESULT", json.dumps({**result, "devices": world}))


if __name__ == "__main__":
    main()
