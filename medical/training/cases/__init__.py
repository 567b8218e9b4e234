"""From a user's CTs and candidates to checked cases, split by patient."""
