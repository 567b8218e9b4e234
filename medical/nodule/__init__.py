"""What is known of a nodule: measures, density, location, growth, guidelines.

No network, no file, no page.
"""
