"""From a user's CTs and marks to checked cases, split by patient."""
