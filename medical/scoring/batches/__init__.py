"""A run over many inputs: by one process, by several, by a Ray cluster; names, counts, manifest.

What one series' scoring is lives in ``batch``; the others share it out. No queue, no store.
"""
