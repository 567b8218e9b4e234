"""The state of a run as flat tensors: what checkpoints hold."""
