"""DICOM objects that are written: what was found, in the CT's own study and frame of reference.

Each module writes one kind of object. None decides what is written where, or reads a CT's pixels.
"""
