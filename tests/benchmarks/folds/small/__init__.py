"""Smaller first and second stages of the folds: pruned, taught, rounded."""
