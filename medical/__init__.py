"""The clinic's world: patients' images in, findings out. Knows DICOM, millimetres and HU.

Here lie what every folder below may use (errors, files, geometry, logs, texts made harmless, what a
stranger's files may touch) and ``intake``, the way in. No page, no command, no network.
"""
