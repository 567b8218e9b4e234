"""The report's words in English and Chinese."""
