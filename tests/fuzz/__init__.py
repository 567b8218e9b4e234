"""Damaged files by the thousand through every reader: seeds, mutations, watched processes.

What a run finds becomes a regression test beside the reader's other tests; none is kept here.
"""
