"""What is written of a result beside ``findings.json``: DICOM objects, the PDF, attention maps.

How an object is put together lives in ``medical.dicom_out``, what a report says in
``medical.report``.
"""
