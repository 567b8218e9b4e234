"""Panels of the reading page: images, findings, decisions, guidelines, signing, report.

What an earlier CT adds lives in ``comparing``.
"""
