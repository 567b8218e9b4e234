"""Train StarNet on from its weights by the shared loop: what the image groups vote, nothing else.

Outcomes are few. Features, attention, gate and all that reads words stay as they are, and the old
network teaches beside the truth, so what ratings taught is moved, not forgotten.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from medical.malignancy.reader import NoduleTokens
from medical.training.malignancy.fit import task_network
from medical.training.malignancy.outcomes.known import KnownFinding, stacked
from models.starnet.config import CONTEXT, IMAGE_GROUPS, RATINGS
from models.starnet.image_tokens import ImageTokens
from models.starnet.network import StarNet
from models.starnet.text_encoder import Text
from models.starnet.tokenizer import Tokenizer
from models.training.config import LoopConfig
from models.training.loop import train
from models.training.two_modalities import UNKNOWN, ReadingBatch, ReadingTask, ReadingWeights

STEPS = 200
_SIZE = 32
_LEARNING_RATE = 1e-3
_WEIGHTS = ReadingWeights(
    error=0.0, ratings=0.0, context=0.0, trust=0.0, contrast=0.0, budget=0.0, distil=0.5
)


class OutcomeBatches:
    """Draws findings; each batch is decided by seed and step alone, so a run resumes by its step.

    Args:
        findings: that are trained on.
        tokenizer: of the network; no words are read.
        most: tokens of a text.
        seed: of the draws.
    """

    def __init__(
        self, findings: Sequence[KnownFinding], *, tokenizer: Tokenizer, most: int, seed: int
    ) -> None:
        self._tokens = stacked(findings)
        self._target = np.array([finding.malignant for finding in findings], np.float32)
        self._silence = _no_words(tokenizer, _SIZE, most)
        self._seed, self._step = seed, 0

    def state_dict(self) -> dict[str, int]:
        """Return the next step."""
        return {"step": self._step}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on at a step."""
        self._step = state["step"]

    def __call__(self) -> ReadingBatch:
        """Draw the batch of this step, malignant and benign alike often."""
        rng = np.random.default_rng((self._seed, self._step))
        self._step += 1
        kind = rng.random(_SIZE) < 0.5
        rows = np.array([rng.choice(np.flatnonzero(self._target == float(k))) for k in kind])
        image = ImageTokens(*(torch.from_numpy(part[rows]) for part in self._tokens))
        return ReadingBatch(
            image=image,
            text=self._silence,
            seen=torch.ones(_SIZE, dtype=torch.bool),
            target=torch.from_numpy(self._target[rows]),
            genuine=torch.full((_SIZE,), UNKNOWN),
            ratings=torch.zeros(_SIZE, RATINGS),
            context=torch.full((_SIZE, CONTEXT), UNKNOWN),
        )


def learn(
    parent: StarNet,
    findings: Sequence[KnownFinding],
    tokenizer: Tokenizer,
    *,
    out: Path,
    steps: int = STEPS,
    seed: int = 22,
) -> StarNet:
    """Return a copy of ``parent`` that was trained on; a run that was cut off goes on from ``out``.

    Args:
        parent: as it is; unchanged.
        findings: at least one of each outcome.
        tokenizer: of the network.
        out: folder of checkpoints and log.
        steps: to take.
        seed: of the draws.
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    network = copy.deepcopy(parent).requires_grad_(False)
    for vote in list(network.gate.vote)[:IMAGE_GROUPS]:
        vote.requires_grad_(True)
    task = ReadingTask(network, weights=_WEIGHTS, teacher=copy.deepcopy(parent))
    batches = OutcomeBatches(
        findings, tokenizer=tokenizer, most=network.config.max_tokens, seed=seed
    )
    config = LoopConfig(steps=steps, learning_rate=_LEARNING_RATE, warmup_steps=min(20, steps // 4))
    average = train(task, task.losses, batches, config, out=out, device=torch.device("cpu"))
    return task_network(average.module).eval().requires_grad_(False)


@torch.no_grad()
def risks_of(
    network: StarNet, tokens: NoduleTokens, tokenizer: Tokenizer
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return risk and expected error of findings by the image alone."""
    silence = _no_words(tokenizer, len(tokens.measures), network.config.max_tokens)
    reading = network(ImageTokens(*map(torch.from_numpy, tokens)), silence)
    return (
        torch.sigmoid(reading.logit).double().numpy(),
        reading.expected_error.double().numpy(),
    )


def _no_words(tokenizer: Tokenizer, count: int, most: int) -> Text:
    return tokenizer.batch([""] * count, most=most)
