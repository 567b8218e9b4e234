"""The result of one scored series on the disk: every file name, how each is written and read.

``ResultFolder`` is the way in; the other modules know one file's form each. Nothing here scores,
shows or decides.
"""
