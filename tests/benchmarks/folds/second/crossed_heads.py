"""How much a head could gain if it were taught in lungs that the first stage had not seen either.

``python -m tests.benchmarks.folds.second.crossed_heads DATA OUT MODEL``: of the lungs that none had
seen, seven teach a head, on the candidates of ``folds.second.seen_features`` (read into OUT
before), and it judges the eighth. That flatters: what is inserted into the eighth was made as in
the seven, so a head may come to know how it was made. Prints as ``folds.second.second_stages``
does; nothing is written.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.zoo.loader import find_model
from models.zoo.networks import load_to_teach
from tests.benchmarks.folds.predictions import read_predictions
from tests.benchmarks.folds.scans import UNSEEN
from tests.benchmarks.folds.second.first_features import HEADS, Evidence, Head, Sight
from tests.benchmarks.folds.second.second_stages import MODELS, SHARES, compare_lungs, judge_stage
from tests.benchmarks.folds.second.seen_features import SeenScan, pooling_of, seen_scans
from tests.benchmarks.leave_out.known_lesions import MIN_REACH_MM
from tests.benchmarks.leave_out.seen_scan import Places
from tests.benchmarks.leave_out.seen_scan import SeenScan as Truth

_STEPS, _RATE, _DECAY, _SMOOTHING = 300, 1e-3, 0.1, 0.05
_SEED = 41


def near(places: Places, others: Places) -> np.ndarray:
    """Which places lie within the radius of one of the others, or within ``MIN_REACH_MM``."""
    apart = np.linalg.norm(places[:, None, :3] - others[None, :, :3], axis=2)
    return np.asarray((apart < np.maximum(others[:, 3] / 2, MIN_REACH_MM)).any(1))


def truth_of(scan: Truth) -> tuple[np.ndarray, np.ndarray]:
    """Which candidates are inserted nodules, and which teach; none of a scan as it is."""
    is_nodule = near(scan.marks, scan.inserted)
    doubtful = near(scan.marks, np.concatenate([scan.known, scan.ignore_regions, scan.ignored]))
    return is_nodule, (is_nodule | ~doubtful) & (not scan.as_it_is)


def views_of(scan: SeenScan, sight: Sight) -> Tensor:
    """What a head sees ``[4, n, f]``, view by view."""
    views = [
        Evidence(scan.crops[way], scan.crops[way], scan.features[way % 2], scan.heat[way % 2])
        for way in range(len(scan.crops))
    ]
    return torch.stack([view.of(sight) for view in views])


def teach(seen: Tensor, is_nodule: Tensor, *, seed: int) -> Head:
    """Teach a head on all candidates at once, each step another view of each."""
    torch.manual_seed(seed)
    head = Head(seen.shape[-1]).train()
    steps = torch.optim.AdamW(head.parameters(), lr=_RATE, weight_decay=_DECAY)
    truth = is_nodule.float() * (1 - 2 * _SMOOTHING) + _SMOOTHING
    rows = torch.arange(seen.shape[1])
    for _ in range(_STEPS):
        logits = head(seen[torch.randint(len(seen), rows.shape), rows])
        loss = functional.binary_cross_entropy_with_logits(logits, truth)
        steps.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        steps.step()
    return head.eval()


def main() -> None:
    """Teach, judge and print."""
    data, out, model = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    candidates, networks = MODELS[model], load_to_teach(find_model(model))
    first = read_predictions(candidates.predictions, views=2, with_second=False)
    pool = pooling_of(networks.refiner.own or networks.refiner)
    scans = {
        name: scan
        for lung in UNSEEN
        for name, scan, _ in seen_scans(data, lung, out / model, pool, candidates.predictions)
    }
    none = judge_stage(first, {scan.name: np.zeros(len(scan.scores)) for scan in first})
    print("share of the logit " + " ".join(f"{share:6g}" for share in SHARES))
    for name, sight in HEADS.items():
        if sight.taught:
            continue
        seen = {scan: views_of(part, sight) for scan, part in scans.items()}
        logits: dict[str, np.ndarray] = {}
        for lung in UNSEEN:
            others = [scan for scan in first if scan.lung != lung]
            is_nodule, teaches = (
                torch.from_numpy(np.concatenate(part))
                for part in zip(*(truth_of(scan) for scan in others), strict=True)
            )
            views = torch.cat([seen[scan.name] for scan in others], 1)[:, teaches]
            head = teach(views, is_nodule[teaches], seed=_SEED)
            for scan in first:
                if scan.lung == lung:
                    with torch.no_grad():
                        each = torch.stack([head(view) for view in seen[scan.name]])
                    logits[scan.name] = each.mean(0).numpy()
        figures = judge_stage(first, logits)
        cpm = "  ".join(f"{value:.3f}" for value in figures.by_share.mean(1))
        beside = compare_lungs(figures.crossed, none.by_share[0])
        print(
            f"{name:18s}  {cpm}  {figures.crossed.mean():.3f}  {beside} (beside none); at "
            f"{figures.share:g} one threshold {figures.one_threshold:.3f}, known lesions at "
            f"{figures.false_positives:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
