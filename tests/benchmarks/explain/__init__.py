"""What explanations of the default model's findings are worth; no training here."""
