"""Clinical report of what was read, as text, PDF, CSV and JSON, in English and Chinese."""
