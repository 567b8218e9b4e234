"""Panels of the reading page: images, findings, decisions, guidelines, earlier CT, signing, report.

No rule of medicine, no file format, no other page.
"""
