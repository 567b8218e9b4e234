"""Any input, file, folder, zip, DICOMDIR or volume file, to CTs that can be loaded."""
