"""How gradients get smaller: what is sent, in which form, and the residual of the rest."""
