"""Where the milliseconds of a first stage's window go, layer by layer; no training here."""
