"""One rank of the job that ``faults`` breaks: the real detector at reduced size, on made patches.

Run by torchrun as ``-m tests.benchmarks.faults.worker OUT FAULT``. A fault is ``KIND:RANK:STEP``;
the rank kills itself (SIGKILL, as the kernel would) there, once.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor, distributed
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
from torch.nn.parallel import DistributedDataParallel

from medical.logs import LineHandler, own_log
from models.detector.detector import Detector, DetectorConfig
from models.detector.losses import centre_loss, centre_targets
from models.training.loop import LoopConfig, train

STEPS, INTERVAL, PATCH, BATCH = 75, 15, 48, 2
PEER_SECONDS = 30


class Fault:
    """Where this rank dies, once in the job's life."""

    def __init__(self, text: str, out: Path, rank: int) -> None:
        kind, at_rank, at_step = (text + "::").split(":")[:3]
        self.marker, self.step = out / "fault.json", 0
        armed = bool(at_rank) and int(at_rank) == rank and not self.marker.exists()
        self.kind, self.at = (kind, int(at_step)) if armed else ("", -1)

    def here(self, kind: str) -> None:
        """Die if this is the place and the step."""
        if kind == self.kind and self.step == self.at:
            self.strike()

    def strike(self) -> NoReturn:
        """Write down when, then die as by ``kill -9``."""
        self.marker.write_text(json.dumps({"step": self.step, "time": time.time()}))
        os.kill(os.getpid(), signal.SIGKILL)
        raise SystemExit

    def watch(self, checkpoints: Path) -> None:
        """Die while a checkpoint is being written: files are there, the manifest is not."""
        while self.kind == "write":
            for place in checkpoints.glob("step-*"):
                started = any(place.glob("*.distcp"))
                if started and self.step >= self.at and not (place / "manifest.json").exists():
                    self.strike()
            time.sleep(0.0005)


class Batches:
    """Patches of noise with one ball each, drawn from torch's generator; counts the steps."""

    def __init__(self, fault: Fault, log: Path | None) -> None:
        self.fault, self.log = fault, log

    def __call__(self) -> tuple[Tensor, Tensor, Tensor]:
        if self.log is not None:
            with self.log.open("a") as stream:
                stream.write(f"{time.time()} {self.fault.step}\n")
        center = PATCH * (0.25 + 0.5 * torch.rand(BATCH, 1, 3))
        diameter = 5 + 10 * torch.rand(BATCH, 1)
        axis = torch.arange(PATCH, dtype=torch.float32)
        grid = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1)
        away = (grid - center[:, :, None, None]).norm(dim=-1)
        ball = (away < diameter[:, :, None, None] / 2).float()[:, None]
        return 0.3 * torch.randn(BATCH, 1, PATCH, PATCH, PATCH) - 0.8 + 1.2 * ball, center, diameter

    def state_dict(self) -> dict[str, Any]:
        return {"step": self.fault.step}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.fault.step = state["step"]


class BreakingAllReduce:
    """DDP's own all-reduce, in which a rank may die after it has begun."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def attach(self, ddp_module: DistributedDataParallel) -> None:
        def hook(state: object, bucket: distributed.GradBucket) -> torch.futures.Future[Tensor]:
            future = allreduce_hook(distributed.group.WORLD, bucket)
            self.fault.here("all-reduce")
            return future

        # DDP compares annotations as objects, and this file's are text
        hook.__annotations__["bucket"] = distributed.GradBucket
        hook.__annotations__["return"] = torch.futures.Future[Tensor]
        ddp_module.register_comm_hook(None, hook)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to keep."""


def main() -> None:
    """Train, break once, and write a digest of the weights at the end."""
    out, text = Path(sys.argv[1]), sys.argv[2]
    distributed.init_process_group("gloo", timeout=timedelta(seconds=PEER_SECONDS))
    rank = distributed.get_rank()
    fault = Fault(text, out, rank)
    torch.manual_seed(0)
    detector: Detector = DetectorConfig(widths=(8, 16, 24, 32), channels=16).build()
    torch.manual_seed(100 + rank)
    detector.pyramid.register_forward_hook(lambda *_: fault.here("forward"))
    detector.encoder.stem.register_full_backward_hook(lambda *_: fault.here("backward"))

    def losses(batch: tuple[Tensor, Tensor, Tensor]) -> dict[str, Tensor]:
        image, center, diameter = batch
        yes = torch.ones_like(diameter, dtype=torch.bool)
        targets = centre_targets(center, diameter, yes, torch.zeros_like(image), ~yes, ~yes)
        fault.step += 1
        return centre_loss(detector(image), targets)

    threading.Thread(target=fault.watch, args=(out / "checkpoints",), daemon=True).start()
    average = train(
        detector,
        losses,
        Batches(fault, out / "steps.log" if rank == 0 else None),
        LoopConfig(steps=STEPS, lose_at_most_steps=INTERVAL, warmup_steps=20, log_steps=25),
        out=out,
        device=torch.device("cpu"),
        communication=BreakingAllReduce(fault),
    )
    if rank == 0:
        digest = hashlib.sha256()
        for module in (detector, average.module):
            for value in module.state_dict().values():
                digest.update(value.contiguous().numpy().tobytes())
        (out / "digest.txt").write_text(digest.hexdigest())
    distributed.destroy_process_group()


if __name__ == "__main__":
    with own_log(LineHandler()):
        main()
