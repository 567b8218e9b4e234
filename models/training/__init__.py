"""Training loop, its state, checkpoints, curriculum, distillation; knows no CT's format."""
