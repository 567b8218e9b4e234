"""When compression of gradients pays: links of several speeds, every strategy in turns."""
