"""Ratings of malignancy with and without clinical context, and Brock beside them. No decision."""
