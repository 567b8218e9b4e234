"""The clinic's world: patients' images in, findings out. Knows DICOM, millimetres and HU."""
