"""The training loop: the only one of the project, for one process or many (DDP).

On failure: the run stops with the error; the newest whole checkpoint resumes it (see
``models.distributed.checkpoints``). At most ``LoopConfig.lose_at_most_...`` is lost, also where the
newest is torn and the next not yet written: three snapshots are taken in that time. With a budget
in steps a resumed run on the CPU ends with the same weights, to the bit, as an undisturbed one of
the same world size. A full disk costs checkpoints, not the run.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from models.distributed.checkpoints import CheckpointStore, SnapshotWriter
from models.training.averaging import EarlyStopping, WeightAverage
from models.training.config import LoopConfig
from models.training.log import Events, RunLog
from models.training.ranks import Ranks
from models.training.schedule import Schedule
from models.training.state import ErrorFeedback, RunState, Stateful, prefixes_of, world_of

if TYPE_CHECKING:  # it needs pydantic, which a machine that only trains may lack
    from models.training.curriculum import Curriculum

_log = logging.getLogger(__name__)

__all__ = ["Communication", "LoopConfig", "train"]

B = TypeVar("B")
_WAIT_SECONDS = 30.0


class Communication(Protocol):
    """How gradients travel between ranks, instead of DDP's all-reduce."""

    def attach(self, ddp_module: DistributedDataParallel) -> None: ...  # noqa: D102
    def state_dict(self) -> dict[str, Any]: ...  # noqa: D102
    def load_state_dict(self, state: dict[str, Any]) -> None: ...  # noqa: D102


def train(
    module: nn.Module,
    losses: Callable[[B], dict[str, Tensor]],
    batches: Callable[[], B],
    config: LoopConfig,
    *,
    out: Path,
    device: torch.device,
    communication: Communication | None = None,
    validate: Callable[[nn.Module], float] | None = None,
    events: Events | None = None,
    curriculum: Curriculum | None = None,
) -> WeightAverage:
    """Train until the budget is spent; resume from ``out/checkpoints`` where there is a whole one.

    Where torch.distributed is initialised, every rank calls this with its own ``batches``.

    Args:
        module: holds all weights; of several ranks, each weight takes part in every step.
        losses: weighted parts of the loss by name, on one batch.
        batches: makes the next batch; if it has ``state_dict`` and ``load_state_dict``, they go
            into the checkpoint. What it draws from torch, numpy or Python is resumed anyway.
        config: budget and optimizer.
        out: folder of checkpoints and ``log.jsonl``, shared by all ranks.
        device: where the module is.
        communication: attached to DDP where there are several ranks. The residuals of its ranks
            are shared out anew where their number has changed.
        validate: loss of the averaged weights on what is not trained on; runs on rank 0.
        events: told step and mean losses, for TensorBoard.
        curriculum: stages; ``batches`` with a ``seek`` are told each step before they are called.

    Returns:
        The averaged weights; the best ones where they were validated.

    Raises:
        ValueError: the checkpoint belongs to another network.
    """
    ranks = Ranks.current()
    state = RunState(
        module=module,
        average=WeightAverage(module),
        optimizer=torch.optim.AdamW(
            module.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        ),
        stopping=EarlyStopping(patience=config.patience),
        own=_own_parts(batches, communication),
        world=ranks.world,
    )
    store = CheckpointStore(out / "checkpoints")
    _resume(state, store, ranks)
    schedule = Schedule(state, config, ranks, SnapshotWriter(store))
    step_losses = _between_ranks(module, losses, communication, ranks, device)
    alone = communication if ranks.world == 1 and isinstance(communication, ErrorFeedback) else None
    log = RunLog(out / "log.jsonl", config=config, events=events)
    stages = _Stages(curriculum, batches)
    module.train()
    try:
        while schedule.goes_on():
            factor = stages.begin(state.step)
            log.stage = stages.name
            rate = factor * _learning_rate_factor(
                schedule.progress, state.step, config.warmup_steps
            )
            parts = _step(state, step_losses, batches(), config, device, rate, alone=alone)
            if ranks.first:
                log.add(state.step, state.seconds, parts)
            if validate is not None and state.step % config.validate_steps == 0:
                schedule.validate(validate, log)
    finally:
        schedule.writer.wait(max_seconds=_WAIT_SECONDS)  # a run cut short keeps its last snapshot
    schedule.finish()
    state.stopping.give_back(state.average.module)
    return state.average


class _Stages:
    """Tells batches and people when a stage begins."""

    def __init__(self, curriculum: Curriculum | None, batches: object) -> None:
        self.curriculum = curriculum
        self.seek = getattr(batches, "seek", lambda step: None)
        self.name = ""
        self._now: int | None = None

    def begin(self, step: int) -> float:
        """Get ready for a step; the stage's factor of the learning rate."""
        if self.curriculum is None:
            return 1.0
        self.seek(step)
        number = self.curriculum.number_at(step)
        stage = self.curriculum.stages[number]
        if number != self._now:
            self._now, self.name = number, stage.name
            of = len(self.curriculum.stages)
            _log.info(f"stage {number + 1} of {of}, {stage.name}: from step {step}")
        return stage.learning_rate


class _Losses(nn.Module):
    """The losses as a module's forward pass, which is what DDP watches.

    Without a batch it is a sum over all parameters whose gradients are zero.
    """

    def __init__(self, module: nn.Module, losses: Callable[[Any], dict[str, Tensor]]) -> None:
        super().__init__()
        self.module, self.losses = module, losses

    def forward(self, batch: Any) -> dict[str, Tensor]:
        if batch is None:
            parts = [0 * p.sum() for p in self.module.parameters() if p.requires_grad]
            return {"nothing": torch.stack(parts).sum()}
        return self.losses(batch)


def _between_ranks(
    module: nn.Module,
    losses: Callable[[Any], dict[str, Tensor]],
    communication: Communication | None,
    ranks: Ranks,
    device: torch.device,
) -> Callable[[Any], dict[str, Tensor]]:
    if ranks.world == 1:
        return losses
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # broadcast_buffers has a new name in 2.13
        ddp = DistributedDataParallel(
            _Losses(module, losses).to(device),
            gradient_as_bucket_view=True,
            broadcast_buffers=False,  # running means need not travel: rank 0's are the model's
        )
    # DDP rearranges its buckets once, by the order in which the first gradients come. Let that be
    # the same after every start: sums of more than two ranks, and residuals by bucket, would differ
    # after a resumption. (Looking for unused parameters prevents it too, but sends at every step.)
    ddp(None)["nothing"].backward()
    ddp.zero_grad(set_to_none=True)
    if communication is not None:
        communication.attach(ddp)
    return ddp


def _step(
    state: RunState,
    losses: Callable[[B], dict[str, Tensor]],
    batch: B,
    config: LoopConfig,
    device: torch.device,
    rate: float,
    *,
    alone: ErrorFeedback | None,
) -> dict[str, Tensor]:
    """One step of the optimizer; a gradient that is not finite is left out on all ranks alike.

    ``rate`` is the share of the learning rate; ``alone`` is what other ranks may have left to this
    one, which has nobody to talk to.
    """
    for group in state.optimizer.param_groups:
        group["lr"] = config.learning_rate * rate
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        parts = losses(batch)
    loss = torch.stack(list(parts.values())).sum()
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    if alone is not None:
        alone.flush(_Losses(state.module, losses))
    norm = nn.utils.clip_grad_norm_(state.module.parameters(), config.clip)
    if torch.isfinite(norm):
        state.optimizer.step()
        state.average.update(state.module)
    state.step += 1
    return parts


def _resume(state: RunState, store: CheckpointStore, ranks: Ranks) -> None:
    """Go on from the newest whole checkpoint: rank 0 chooses, all read."""
    step = -1
    if ranks.first:
        newest, remarks = store.newest()
        for remark in remarks:
            _log.info(remark)
        store.remove_torn(after=newest)
        step = -1 if newest is None else newest
    step = int(ranks.broadcast_from_rank0([step])[0])
    if step >= 0:
        tensors = store.read(step, prefixes=prefixes_of(ranks.rank))
        then = world_of(tensors, now=ranks.world)
        if then != ranks.world:
            others = [prefix for rank in range(then) for prefix in prefixes_of(rank)[1:]]
            tensors |= store.read(step, prefixes=tuple(others))
            _log.info(
                f"{ranks.world} {'process goes' if ranks.world == 1 else 'processes go'} on "
                f"where there {'was' if then == 1 else 'were'} {then}"
            )
        state.restore(tensors, rank=ranks.rank)
        _log.info(f"resumed at step {state.step}, after {state.seconds:.0f} s of training")


def _own_parts(batches: object, communication: Communication | None) -> dict[str, Stateful]:
    parts = {"batches": batches, "communication": communication}
    return {name: part for name, part in parts.items() if isinstance(part, Stateful)}


def _learning_rate_factor(progress: float, step: int, warmup_steps: int) -> float:
    warm = min(1.0, (step + 1) / max(1, warmup_steps))
    return warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))
