"""How often the model's density is the radiologists': see ``docs/benchmarks/density.md``.

A test compares the figures with that page.
"""

from __future__ import annotations

AGREED_PERCENT = 83
NODULES = 456
