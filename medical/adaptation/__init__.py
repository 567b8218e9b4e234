"""Adapting a model to a hospital's own CTs on which nobody marked anything.

What it shares with retraining on marked cases lives in `medical.retraining`.
"""
