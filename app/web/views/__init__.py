"""Pages, one a module: what is drawn, in which order.

What a part of a page does lives beside this folder.
"""
