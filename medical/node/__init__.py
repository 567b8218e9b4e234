"""The DICOM node: takes in what a PACS or scanner sends, hands results back, fetches studies.

How instances are spooled, how a study becomes one to score, and how results reach their places
lives here; how objects are written does not (``medical.dicom_out``), nor how a CT is scored.
"""
