"""Gradients between nodes: bytes, seconds and losses, in network namespaces of one machine."""
