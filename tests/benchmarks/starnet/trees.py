"""Gradient-boosted trees on ratings and on simple measures: what is to be had without a network.

scikit-learn comes with ``pip install -e '.[train]'``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from medical.training.malignancy.batches import target_of
from medical.training.malignancy.cache import TokenCache
from medical.training.malignancy.nodules import DESCRIPTORS, RatedNodule

_MEASURES = 3  # place among ``ImageTokens``


def tree_predictions(
    nodules: Sequence[RatedNodule], tokens: TokenCache, folds: Int[np.ndarray, " n"]
) -> dict[str, Float[np.ndarray, " n"]]:
    """Predict each fold by trees grown on the others, to the same target as StarNet."""
    from sklearn.ensemble import GradientBoostingRegressor

    size = np.array([[nodule.diameter_mm] for nodule in nodules])
    ratings = np.array([[nodule.descriptors[name] for name in DESCRIPTORS] for nodule in nodules])
    drawn, outlined = (tokens.parts[_MEASURES][:, view].astype(float) for view in (0, 1))
    inputs = {
        "trees: size": size,
        "trees: ratings": ratings,
        "trees: ratings and size": np.hstack([ratings, size]),
        "trees: measures": drawn,
        "trees: measures by second stage": outlined,
        "trees: measures and ratings": np.hstack([drawn, ratings]),
    }
    target = np.array([target_of(nodule) for nodule in nodules])
    predicted: dict[str, Float[np.ndarray, " n"]] = {}
    for name, features in inputs.items():
        column = np.zeros(len(nodules))
        for fold in np.unique(folds):
            rest = folds != fold
            trees = GradientBoostingRegressor(
                n_estimators=150, max_depth=3, learning_rate=0.05, subsample=0.7,
                min_samples_leaf=8, random_state=0,
            )  # fmt: skip
            trees.fit(features[rest], target[rest])
            column[~rest] = trees.predict(features[~rest])
        predicted[f"{name}: risk"] = column
    return predicted
