"""Lung-RADS, Fleischner and Brock: tables, rules, and one engine for page and report."""
