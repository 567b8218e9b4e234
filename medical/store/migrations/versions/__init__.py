"""Changes of the store's tables, one module a change; never edited once released."""
