"""Ratings and context written out as a radiologist or a request would; never the malignancy."""
