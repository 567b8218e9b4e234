"""StarNet against image alone, text alone, concatenation and trees, by folds of patients."""
