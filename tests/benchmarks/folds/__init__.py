"""Folds by collection: every lung read by weights that have not seen its collection.

``data`` writes cases and pools, ``train`` teaches a fold, ``read`` lets it read what it left out,
and ``python -m tests.benchmarks.folds`` makes the figures of the predictions kept here.
"""
