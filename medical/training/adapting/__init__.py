"""Fit a model to a hospital's own CTs without marks: ``starlung adapt``."""
