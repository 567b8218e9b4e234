"""Attention maps of a finding, and the tests that a map must pass."""
