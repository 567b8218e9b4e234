"""The kinds of density that a nodule can have, as findings name them."""

from __future__ import annotations

from typing import Literal

Density = Literal["solid", "part-solid", "ground-glass", "calcified", "cavitary"]
