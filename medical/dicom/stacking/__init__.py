"""From headers to series, to one volume of Hounsfield units; which series of a study is read.

What one file says lives in ``header``; nothing here knows another format or a nodule.
"""
