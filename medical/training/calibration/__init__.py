"""Fit the calibration and choose the operating point, on scans that the weights have not seen."""
