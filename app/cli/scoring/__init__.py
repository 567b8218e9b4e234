"""``starlung score``: what may be asked, where a run stands, what is printed. No reading of CTs."""
