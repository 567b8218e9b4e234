"""The comparison with an earlier CT in the report: what changed, as text, columns and a record."""
