"""The kinds of density that a nodule can have, and how often the model's is the radiologists'.

A test compares the figures with ``docs/benchmarks/density.md``. Loads nothing large.
"""

from __future__ import annotations

from typing import Literal

Density = Literal["solid", "part-solid", "ground-glass", "calcified", "cavitary"]
AGREED_PERCENT = 82
NODULES = 456
