"""Weights with their cards, and what loads them; no training."""
