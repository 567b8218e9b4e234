"""The malignancy rating of a finding by StarNet: what it sees, what it is has_text, what it says.

May not detect, write files or train.
"""
