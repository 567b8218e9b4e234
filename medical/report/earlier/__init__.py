"""The earlier CT that a report compares with, and what became of each nodule since."""
