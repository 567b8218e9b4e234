"""Checkpoints of one or many ranks, written beside training."""
