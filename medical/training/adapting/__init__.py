"""Fit a model to a hospital's own CTs without candidates: ``starlung adapt``."""
