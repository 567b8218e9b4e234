"""Parts of the page that run in the browser, each with its Python side."""
