"""DICOM objects that are written."""
