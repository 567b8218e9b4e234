"""Torch only: tensors in, tensors out. Knows no DICOM, no clinic, no Streamlit."""
