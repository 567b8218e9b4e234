"""What Streamlit runs on every rerun: the frame, then the page that the address names."""

from app.web.navigation import render

render()
