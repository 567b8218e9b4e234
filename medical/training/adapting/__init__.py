"""Fit a model to a hospital's own CTs without labels: ``starlung adapt``.

Cases with a reference, and what a supervised run needs, live beside this folder.
"""
