"""From a prepared CT to findings: candidates, refinement, calibrated probabilities.

Measures of a nodule live in `medical.nodule`, networks in `models`.
"""
