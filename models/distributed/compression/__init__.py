"""How gradients get smaller: what is sent, in which form, and what is owed of the rest."""
