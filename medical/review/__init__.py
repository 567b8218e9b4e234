"""What readers do: decisions, signing, the worklist, and what a study says to its reader.

Tables, queue and audit trail live in ``store``.
"""
