"""Second stages taught anew on the candidates of lungs that were not learned from."""
