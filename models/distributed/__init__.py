"""Ranks that train together: how their gradients travel, and their checkpoints.

Only torch; what is trained is not known here.
"""
