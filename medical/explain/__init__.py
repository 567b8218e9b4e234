"""Attention maps of a finding: what is explained, and the methods.

What a map must pass before it is shown lives in ``checks``; `scoring` writes it beside a result.
"""
