"""A detector made smaller: channels removed, taught by its teacher, run in fewer bits.

Holds what changes a network; how it is taught again on CTs is ``medical.training.compress``'s and
``medical.training.compress_refinement``'s.
"""
