"""What Streamlit runs; the page itself is in ``page.py``."""

from app.web.page import render

render()
