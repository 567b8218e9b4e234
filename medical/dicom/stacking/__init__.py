"""From headers to series, to one volume of Hounsfield units; which series of a study is read."""
