"""StarNet trained on from findings whose outcome is known: table, findings, training, gate.

No training on ratings lives here: that is the package above. Nothing here reads a CT.
"""
