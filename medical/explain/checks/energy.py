"""Energy-based pointing game: which share of the map lies inside the nodule.

Source:
    Wang et al., Score-CAM, CVPRW 2020 (arXiv 1910.01279), section 4.3.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from medical.explain.checks.pointing import require_nodule
from medical.explain.result import Explanation


def energy_inside(explanation: Explanation, nodule: Bool[np.ndarray, "z y x"]) -> float:
    """Sum of the map inside the nodule over its whole sum; 0 for an empty map.

    Raises:
        ValueError: shapes disagree, or the nodule is empty.
    """
    require_nodule(explanation, nodule)
    total = float(explanation.values.sum(dtype=np.float64))
    return float(explanation.values[nodule].sum(dtype=np.float64)) / total if total > 0 else 0.0
