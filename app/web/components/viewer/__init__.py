"""Our viewer: a thin Streamlit component on NiiVue that loads its volume by URL."""

from app.web.components.viewer.assets import FrontendMissingError, frontend_file
from app.web.components.viewer.component import Crosshair, ViewerData, show_viewer

__all__ = ["Crosshair", "FrontendMissingError", "ViewerData", "frontend_file", "show_viewer"]
