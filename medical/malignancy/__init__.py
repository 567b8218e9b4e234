"""The malignancy rating of a finding by StarNet: what it sees, what it is told, what it says.

May not detect, write files or train.
"""
