"""Pages of the model's owner: card, evaluation, plots."""
