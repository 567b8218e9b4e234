"""``starlung compress``: a model made smaller step by step, each step measured beside its teacher.

What lives here: the run, the steps' models and figures, and whether the last may be promoted. What
may not: how channels are removed or numbers rounded, which is ``models.compression``'s, and how a
student is taught, which is ``medical.training.compress``'s and ``compress_refinement``'s.
"""
