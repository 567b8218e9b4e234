"""What each part of the detector is worth: variants, their training, their scores."""
