"""Held-out predictions as a table in the repository: made by ``gather``, read by the benchmark."""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

TABLE = Path(__file__).with_name("predictions.csv")
FACTS = ("name", "patient", "fold", "diameter_mm", "texture", "rating", "readers")
OF_EVERY_NETWORK = ("own", "none", "image hidden")
VALUES = ("risk", "spread", "text_weight", "trust", "image_asks", "text_asks")


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Nodules and what was predicted of them by weights that had not seen their patient.

    Args:
        patient: of each.
        fold: in which it was held out.
        diameter_mm: LUNA16's.
        texture: 1 ground-glass to 5 solid.
        rating: the readers' most frequent malignancy rating, 1 to 5.
        readers: each reader's; empty where the readers were not found.
        columns: by ``VARIANT: CONDITION: VALUE``.
    """

    patient: list[str]
    fold: Int[np.ndarray, " n"]
    diameter_mm: Float[np.ndarray, " n"]
    texture: Int[np.ndarray, " n"]
    rating: Int[np.ndarray, " n"]
    readers: list[tuple[int, ...]]
    columns: dict[str, Float[np.ndarray, " n"]]

    @property
    def target(self) -> Float[np.ndarray, " n"]:
        """Readers' mean rating as 0 to 1; the most frequent one where they were not found."""
        means = [
            np.mean(own) if own else rating
            for own, rating in zip(self.readers, self.rating, strict=True)
        ]
        return (np.array(means, float) - 1) / 4

    def risk(self, variant: str, condition: str = "own") -> Float[np.ndarray, " n"]:
        """Predicted risks."""
        return self.columns[f"{variant}: {condition}: risk"]

    def value(self, condition: str, value: str) -> Float[np.ndarray, " n"]:
        """Another of StarNet's values."""
        return self.columns[f"starnet: {condition}: {value}"]


def read_predictions() -> Predictions:
    """Read the table."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return Predictions(
        patient=[row["patient"] for row in rows],
        fold=np.array([int(row["fold"]) for row in rows]),
        diameter_mm=np.array([float(row["diameter_mm"]) for row in rows]),
        texture=np.array([int(row["texture"]) for row in rows]),
        rating=np.array([int(row["rating"]) for row in rows]),
        readers=[tuple(int(rating) for rating in row["readers"].split()) for row in rows],
        columns={
            name: np.array([float(row[name]) for row in rows])
            for name in rows[0]
            if name not in FACTS
        },
    )


def gather(facts: str, tokens: str, out: str) -> None:
    """Write the table from what ``train`` left in its folder, and the trees' predictions.

    Of several seeds the first gives the columns that carry no number, the second those that end
    in ``#1`` and so on.
    """
    from medical.training.malignancy.cache import TokenCache
    from medical.training.malignancy.facts import read_facts
    from medical.training.malignancy.nodules import patient_folds
    from tests.benchmarks.starnet.trees import tree_predictions
    from tests.benchmarks.starnet.variants import OURS

    nodules = read_facts(Path(facts))
    folds = patient_folds([nodule.patient for nodule in nodules])
    columns = tree_predictions(nodules, TokenCache.load(Path(tokens)), folds)
    for file in sorted(Path(out).glob("seed*/fold*/*.npz")):
        seed = int(file.parts[-3].removeprefix("seed"))
        with np.load(file) as stored:
            rows = stored["rows"]
            for condition in stored.files:
                if condition == "rows" or (
                    seed and condition not in ("own", "none", "image hidden")
                ):
                    continue
                whole = file.stem == OURS and not seed
                for value, column in zip(
                    VALUES if whole else VALUES[:1], stored[condition], strict=False
                ):
                    name = f"{file.stem}{f'#{seed}' if seed else ''}: {condition}: {value}"
                    columns.setdefault(name, np.full(len(nodules), np.nan))[rows] = column
    with TABLE.open("w", newline="", encoding="utf-8") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow([*FACTS, *columns])
        for number, nodule in enumerate(nodules):
            given = (
                nodule.name, nodule.patient, folds[number], f"{nodule.diameter_mm:.2f}",
                nodule.descriptors["texture"], nodule.malignancy,
                " ".join(str(reader[-1]) for reader in nodule.readers),
            )  # fmt: skip
            values = (column[number] for column in columns.values())
            writer.writerow([*given, *(f"{value:.4f}" for value in values)])


if __name__ == "__main__":
    gather(*sys.argv[1:])
