"""Training over several machines: gradients over slow links, checkpoints of all ranks."""
