"""Every scan read by weights that have not seen it: by scan, and by collection."""
