"""StarNet is taught: LIDC's nodules and their readers, report phrases, folds by patient, the run.

Nothing here is needed to read a finding.
"""
