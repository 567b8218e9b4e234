"""A CT as numbers: the volume, its resampling, lungs, sides, midline, and notes on its quality.

No file format, no nodule, no network.
"""
