"""Where marks of training cases come from: one module a format."""
