"""What the server answers beside the pages: volumes, reports, the watch for changes."""
