"""A small network learns from a large one: each stage of the detector by its own rules."""
