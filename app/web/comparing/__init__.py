"""An earlier CT beside this one: choosing it, and how each nodule has changed."""
