"""Decide on findings and sign: fields, buttons, keys, undo. What is shown of findings: above."""
