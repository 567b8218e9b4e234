"""Where reference lesions come from: masks, SEG, RTSTRUCT, SR, reports, and the store."""
