"""The training loop: the only one of the project.

On failure: the run stops with the error; the last checkpoint (at most ``checkpoint_seconds`` old)
resumes it. A run ends when its budget of training seconds is spent, over all resumptions.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from models.training.average import WeightAverage
from models.training.checkpoint import load_checkpoint, save_checkpoint

B = TypeVar("B")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopConfig:
    """How to train.

    Args:
        seconds: budget of training time over all resumptions.
        learning_rate: peak; warmed up, then a cosine to one hundredth over the budget.
        weight_decay: of AdamW.
        warmup_steps: linear warm-up.
        clip: largest norm of the gradient.
        checkpoint_seconds: time between checkpoints.
        log_steps: steps between lines of the log.
    """

    seconds: float
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    warmup_steps: int = 200
    clip: float = 10.0
    checkpoint_seconds: float = 60.0
    log_steps: int = 50


def train(
    module: nn.Module,
    losses: Callable[[B], dict[str, Tensor]],
    batches: Callable[[], B],
    config: LoopConfig,
    *,
    out: Path,
    device: torch.device,
    say: Callable[[str], None],
) -> WeightAverage:
    """Train until the budget is spent; resume from ``out/checkpoint.pt`` where there is one.

    Args:
        module: holds all weights.
        losses: weighted parts of the loss by name, on one batch.
        batches: makes the next batch.
        config: budget and optimizer.
        out: folder of checkpoint and ``log.jsonl``.
        device: where the module is.
        say: told one line now and then.

    Returns:
        The averaged weights.
    """
    optimizer = torch.optim.AdamW(
        module.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    average = WeightAverage(module)
    step, spent = 0, 0.0
    path = out / "checkpoint.pt"
    if (state := load_checkpoint(path, device=device)) is not None:
        module.load_state_dict(state["module"])
        average.module.load_state_dict(state["average"])
        average.steps = step = int(state["step"])
        optimizer.load_state_dict(state["optimizer"])
        spent = float(state["spent"])
        say(f"resumed at step {step}, {spent:.0f} s of {config.seconds:.0f} s spent")
    started = saved = time.monotonic() - spent
    sums: dict[str, Tensor] = {}
    module.train()

    def save() -> None:
        save_checkpoint(
            path,
            {
                "module": module.state_dict(),
                "average": average.module.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": step,
                "spent": time.monotonic() - started,
            },
        )

    while (spent := time.monotonic() - started) < config.seconds:
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * _schedule(
                spent / config.seconds, step, config.warmup_steps
            )
        batch = batches()
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            parts = losses(batch)
        loss = torch.stack(list(parts.values())).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(module.parameters(), config.clip)
        if torch.isfinite(norm):
            optimizer.step()
            average.update(module)
        step += 1
        for name, value in parts.items():
            sums[name] = sums.get(name, torch.zeros((), device=device)) + value.detach()
        if step % config.log_steps == 0:
            means = {name: round(float(v) / config.log_steps, 4) for name, v in sums.items()}
            sums = {}
            line = json.dumps({"step": step, "seconds": round(spent, 1), **means})
            say(line)
            with (out / "log.jsonl").open("a") as log:
                log.write(line + "\n")
        if time.monotonic() - saved > config.checkpoint_seconds:
            save()
            saved = time.monotonic()
    save()
    return average


def _schedule(progress: float, step: int, warmup_steps: int) -> float:
    warm = min(1.0, (step + 1) / warmup_steps)
    return warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))
