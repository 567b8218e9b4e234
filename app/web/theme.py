"""How the page looks, and the Streamlit options that it needs."""

from __future__ import annotations

from typing import Any

from app.settings import Settings

STYLE = """
<style>
header[data-testid="stHeader"], [data-testid="stToolbar"], [data-testid="stDecoration"]
  { display: none; }
.stMainBlockContainer { padding: 0.9rem 1.4rem 1.2rem; max-width: none; }
[data-testid="stSidebarHeader"] { display: none; }
[data-testid="stSidebarUserContent"] { padding: 0.9rem 1.1rem 1rem; }
[data-testid="stSidebar"] h3 { font-size: 0.78rem; font-weight: 600; letter-spacing: 0.06em;
  text-transform: uppercase; color: #8c99a8; padding: 0.9rem 0 0.1rem; }
[data-testid="stSidebar"] [data-testid="stButtonGroup"] button { padding: 0 0.55rem; }
.starlung-name { font-size: 1.35rem; font-weight: 600; color: #eef3f7; line-height: 1.2; }
.starlung-subtitle { font-size: 0.85rem; color: #8c99a8; }
.starlung-research { border: 1px solid #5c4a1e; background: #221c0e; color: #e0b464;
  border-radius: 4px; font-size: 0.82rem; padding: 0.25rem 0.7rem; text-align: center; }
.starlung-head { display: flex; justify-content: space-between; align-items: baseline;
  gap: 1rem; flex-wrap: wrap; }
.starlung-head b { font-size: 1.05rem; font-weight: 600; color: #eef3f7; }
.starlung-head span { font-size: 0.82rem; color: #8c99a8; }
.starlung-stage { color: #66727f; padding: 0.12rem 0; }
.starlung-stage.done { color: #7fb89a; }
.starlung-stage.now { color: #eef3f7; font-weight: 600; }
.starlung-note { font-size: 0.84rem; padding: 0.2rem 0 0.2rem 0.6rem; margin-bottom: 0.35rem;
  border-left: 3px solid #3b7f93; color: #c7d1dc; }
.starlung-note.warning { border-color: #d39c3c; }
.starlung-note.severe { border-color: #c9564f; }
.starlung-guidelines { border-collapse: collapse; width: 100%; font-size: 0.86rem; }
.starlung-guidelines th { text-align: left; color: #8c99a8; font-weight: 500;
  border-bottom: 1px solid #2c3642; padding: 0.2rem 0.7rem 0.2rem 0; }
.starlung-guidelines td { vertical-align: top; padding: 0.3rem 0.7rem 0.3rem 0; }
.starlung-guidelines small { color: #8c99a8; }
.starlung-guidelines b { display: block; color: #eef3f7; font-weight: 600; }
.starlung-welcome { color: #8c99a8; padding: 22vh 0 0; text-align: center; }
.starlung-welcome b { display: block; color: #d7dee6; font-size: 1.15rem; font-weight: 500; }
</style>
"""


def streamlit_options(settings: Settings) -> dict[str, Any]:
    """Options for Streamlit's server: quiet, local, dark."""
    return {
        "server.address": settings.host,
        "server.port": settings.port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.maxUploadSize": settings.upload_limit_mb,
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.toolbarMode": "minimal",
        "client.showSidebarNavigation": False,
        "logger.hideWelcomeMessage": True,
        "theme.base": "dark",
        "theme.primaryColor": "#3b8ea5",
        "theme.backgroundColor": "#0d1116",
        "theme.secondaryBackgroundColor": "#161c24",
        "theme.textColor": "#d7dee6",
        "theme.borderColor": "#2c3642",
        "theme.sidebar.backgroundColor": "#11161d",
        "theme.baseRadius": "small",
        "theme.baseFontSize": 15,
    }
