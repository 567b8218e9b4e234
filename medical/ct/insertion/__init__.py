"""Sets nodules into real lung, on the fly and on the accelerator."""
