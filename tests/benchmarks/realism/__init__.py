"""Whether inserted nodules can be told from real ones."""
