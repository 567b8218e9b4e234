"""The training loop and what is taught by it; batches come from elsewhere."""
