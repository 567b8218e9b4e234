"""Tests that an attention map must pass, and their table.

Nothing on the way of ``score`` or ``serve`` imports them.
"""
