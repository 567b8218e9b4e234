"""Chest CTs and nodules that are made: patches to train on, and phantoms with a known truth.

Nothing here trains or scores; training, benchmarks and the sample series draw from it.
"""
