"""Pages, one a module, and what only they draw: intake, plots, model cards, an evaluation.

The panels of the reading page live in ``reading``.
"""
