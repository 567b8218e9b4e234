"""Synthetic chest CTs with a known truth: for the sample series, for tests and for training."""

from medical.synthesis.phantom.chest import Chest, make_chest
from medical.synthesis.phantom.nodules import DEFAULT_NODULES, NoduleRequest, PhantomNodule

__all__ = ["DEFAULT_NODULES", "Chest", "NoduleRequest", "PhantomNodule", "make_chest"]
