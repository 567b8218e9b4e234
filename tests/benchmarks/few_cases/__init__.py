"""What pretraining is worth where few scans are labelled; see ``plan``."""
