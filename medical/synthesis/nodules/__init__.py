"""Pools of nodules to insert: outlines, cubes and volumes of real ones, or made ones."""
