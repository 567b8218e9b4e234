"""Any input, file, folder, zip, DICOMDIR or volume file, to CTs that can be loaded.

A new input format goes here; DICOM's own headers and stacks live in `medical.dicom`, nothing here
knows a nodule or a result.
"""
