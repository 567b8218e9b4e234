"""Database of studies, findings, decisions and the audit trail, and who may do what.

No drawing and no files but the database.
"""
