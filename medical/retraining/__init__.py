"""Training on a hospital's own marked cases: cases, split, calibration, gate, installation.

Loop and networks live in `models`; nothing here is needed to read a CT.
"""
