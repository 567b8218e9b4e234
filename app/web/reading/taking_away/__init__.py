"""A study leaves the page: signed, as a report, as DICOM objects, to a PACS.

How reports and objects are made does not live here (``medical.report``).
"""
