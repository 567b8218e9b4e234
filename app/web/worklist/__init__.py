"""The worklist's rows, and the ways by which a study gets into it: upload, folder, sample."""
