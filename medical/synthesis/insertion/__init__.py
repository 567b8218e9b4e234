"""Patches of real lung with nodules set into them, made on the training device.

The engine and what it does to a patch live here; the nodules themselves are in ``nodules``.
"""
