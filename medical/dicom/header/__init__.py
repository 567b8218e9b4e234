"""One DICOM file: its header, and what it says of planes, people, encoding and acquisition.

No file of another kind, no pixel, nothing about a series as a whole.
"""
