"""What reports say as DICOM objects: unread beside a result, and of a study that was signed.

How an object is written lives in `dicom_out`; text, PDF and tables of a report in the folder above.
"""
