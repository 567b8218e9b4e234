"""Command line: one thin module a command, which parses options and words results.

No reading of CTs, no rule of medicine: those live in `medical`.
"""
