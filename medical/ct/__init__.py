"""CT as numbers: the volume, resampling, lung mask, phantoms and nodule insertion."""
