"""The one typeface of reports and plots, shipped because no machine must need a Chinese font.

Only the font, its licence, its use and how it was made live here; what is written with it does not.
"""
