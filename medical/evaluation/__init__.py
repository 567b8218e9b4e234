"""How good a model is: FROC by the LUNA16 protocol, intervals, drift, tables.

Reads tables, never a CT; fitting a calibration is training.
"""
