"""Where candidates come from: tables, masks, SEG, RTSTRUCT, SR, and the reading room's store."""
