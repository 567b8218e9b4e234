"""Takes out of DICOM objects who the patient is, after PS3.15's Basic Profile and its options.

What an attribute's fate is, how it is carried out, and which inputs are refused lives here; where
files come from and go to does not.
"""
