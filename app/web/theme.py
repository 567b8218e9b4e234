"""How the page looks, and the Streamlit options that it needs."""

from __future__ import annotations

from typing import Any

from app.settings import Settings

STYLE = """
<style>
header[data-testid="stHeader"], [data-testid="stToolbar"], [data-testid="stDecoration"]
  { display: none; }
.stMainBlockContainer { padding: 0.35rem 1.2rem 1.2rem; max-width: none; }
.stMainBlockContainer > [data-testid="stVerticalBlock"] { gap: 0.5rem; }
[data-testid="stSidebarHeader"] { display: none; }
[data-testid="stSidebar"] { min-width: 310px; }
[data-testid="stSidebarContent"], [data-testid="stSidebarContent"] > div { padding-left: 0;
  padding-right: 0; margin-left: 0; }
[data-testid="stSidebarUserContent"] { padding: 0.5rem 1.1rem 1rem; }
[data-testid="stSidebar"] [data-testid="stHeading"] { padding-bottom: 0.35rem; }
[data-testid="stSidebarUserContent"] [data-testid="stVerticalBlock"] { gap: 0.4rem; }
[data-testid="stSidebar"] button { padding-left: 0.5rem; padding-right: 0.5rem; }
[data-testid="stSidebar"] button p { white-space: nowrap; }
[data-testid="stSidebar"] h3 { font-size: 0.78rem; font-weight: 600; letter-spacing: 0.06em;
  text-transform: uppercase; color: #a5b1be; padding: 0.7rem 0 0.35rem; }
[data-testid="stSidebar"] [data-testid="stButtonGroup"] button { padding: 0 0.55rem; }
.stApp button[data-variant][data-selected] p { color: #b6e6f2; }
.starlung-title { font-size: 1.15rem; font-weight: 600; color: #eef3f7; margin: 0;
  padding: 0.2rem 0; line-height: 1.6rem; }
.starlung-gone { position: fixed; inset: 0; z-index: 1000000; background: #0d1116f2; color: #d7dee6;
  display: flex; flex-direction: column; gap: 0.6rem; align-items: center;
  justify-content: center; text-align: center; padding: 2rem; }
.starlung-gone h1 { font-size: 1.4rem; margin: 0; color: #eef3f7; }
.starlung-plot { width: 100%; display: block; }
.starlung-name { font-size: 1.35rem; font-weight: 600; color: #eef3f7; line-height: 1.2; }
.starlung-subtitle { font-size: 0.85rem; color: #a5b1be; }
.starlung-research { background: #221c0e; color: #e0b464;
  border-radius: 4px; font-size: 0.78rem; line-height: 1.35rem; text-align: center; }
.starlung-head { display: flex; justify-content: space-between; align-items: baseline;
  gap: 0 1rem; flex-wrap: wrap; line-height: 1.6rem; }
.starlung-head h1, .starlung-head b { margin: 0; padding: 0; font-size: 1rem;
  font-weight: 600; color: #eef3f7; }
.starlung-head span { font-size: 0.82rem; color: #a5b1be; }
.starlung-head h1, .starlung-head b { display: flex; align-items: center; gap: 0.6rem; }
.starlung-state { display: inline-block; width: max-content; border-radius: 999px;
  padding: 0 0.6rem; font-size: 0.8rem; font-style: normal; font-weight: 500; line-height: 1.4rem;
  background: #232b35; color: #b9c4d0; }
.starlung-state.scoring { background: #173440; color: #7fd0e4; }
.starlung-state.ready { background: #3a2f12; color: #f2c46b; }
.starlung-state.review { background: #2b2b52; color: #b7b7ff; }
.starlung-state.signed { background: #17382a; color: #7fd6a4; }
.starlung-state.failed { background: #43201e; color: #f09a94; }
.starlung-counts { display: flex; gap: 1.4rem; font-size: 0.86rem; color: #a5b1be; }
.starlung-counts b { color: #eef3f7; font-size: 1.05rem; font-weight: 600; }
.starlung-row, .starlung-list-head div { display: grid; align-items: center; gap: 0 0.8rem;
  grid-template-columns: 5.6rem 9.6rem 4.6rem 8.6rem minmax(0, 1fr); font-size: 0.9rem;
  font-variant-numeric: tabular-nums; }
.starlung-row small { color: #a5b1be; }
.starlung-list-head { display: flex; gap: 1rem;
  font-size: 0.8rem; color: #a5b1be; padding: 0.5rem 0 0.3rem; }
.starlung-list-head > span { flex: 1 1 calc(10% - 1rem); padding-left: 0.5rem; }
.starlung-list-head > div { flex: 1 1 calc(90% - 1rem); }
.starlung-list-head div { font-size: 0.8rem; }
.st-key-starlung-worklist > div:not(:first-child) { border-top: 1px solid #1e2630;
  min-height: 2.7rem; }
.starlung-row b { color: #eef3f7; font-weight: 600; }
.starlung-who { font-size: 0.84rem; line-height: 1.35; }
.starlung-who b { display: block; color: #eef3f7; font-weight: 600; font-size: 0.95rem; }
.starlung-who span { display: block; color: #b9c4d0; overflow-wrap: anywhere; }
.starlung-label { font-size: 0.95rem; color: #a5b1be; padding-left: 0.5rem; }
.starlung-said { color: #aab5c1; overflow-wrap: anywhere; }
.starlung-whose { display: block; line-height: 1.35; }
.starlung-bar { display: inline-block; width: 8rem; height: 0.4rem; margin-right: 0.6rem;
  border-radius: 999px; background: #232b35; vertical-align: middle; overflow: hidden; }
.starlung-bar i { display: block; height: 100%; background: #3b8ea5; transition: width 0.6s; }
.starlung-login { padding: 1.2rem 0 0.3rem; font-size: 1.05rem; }
.starlung-finding { display: flex; justify-content: space-between; align-items: baseline; }
.starlung-finding b { color: #eef3f7; font-weight: 600; }
.starlung-finding span { font-size: 0.82rem; color: #a5b1be; }
.starlung-facts { width: 100%; font-size: 0.84rem; border-collapse: collapse;
  font-variant-numeric: tabular-nums; }
.starlung-facts th { text-align: left; font-weight: 400; color: #a5b1be; padding: 0.08rem 0; }
.starlung-facts td { text-align: right; padding: 0.08rem 0; }
.starlung-decision { font-size: 0.84rem; margin: 0.35rem 0 0; padding: 0.2rem 0 0.2rem 0.6rem;
  border-left: 3px solid #d39c3c; color: #d7dee6; }
.starlung-decision b { font-weight: 600; }
.starlung-decision q, .starlung-decision small { display: block; color: #aab5c1; }
.starlung-decision.accepted { border-color: #4fb286; }
.starlung-decision.rejected { border-color: #76848f; }
.starlung-signed { border: 1px solid #275c44; background: #11271d; color: #7fd6a4;
  border-radius: 4px; font-size: 0.86rem; padding: 0.35rem 0.7rem; }
.starlung-note { font-size: 0.84rem; padding: 0.2rem 0 0.2rem 0.6rem; margin-bottom: 0.35rem;
  border-left: 3px solid #3b7f93; color: #c7d1dc; }
.starlung-note.warning { border-color: #d39c3c; }
.starlung-note.severe { border-color: #c9564f; }
[class*="st-key-watch-"]:not(:has(.starlung-changed)) { position: absolute; }
.starlung-changed { display: flex; justify-content: space-between; align-items: center; gap: 1rem;
  border: 1px solid #5c4a1e; background: #221c0e; color: #e0b464; border-radius: 4px;
  font-size: 0.9rem; padding: 0.3rem 0.7rem; }
.starlung-changed button { background: #161c24; color: #d7dee6; border: 1px solid #2c3642;
  border-radius: 4px; padding: 0.2rem 0.8rem; cursor: pointer; font: inherit; }
.starlung-to-sign ul { margin: 0.2rem 0 0.7rem; padding-left: 1.2rem; }
.starlung-guidelines { border-collapse: collapse; width: 100%; font-size: 0.86rem; }
.starlung-guidelines th { text-align: left; color: #a5b1be; font-weight: 500;
  border-bottom: 1px solid #2c3642; padding: 0.2rem 0.7rem 0.2rem 0; }
.starlung-guidelines td { vertical-align: top; padding: 0.3rem 0.7rem 0.3rem 0; }
.starlung-guidelines small { color: #a5b1be; }
.starlung-guidelines b { display: block; color: #eef3f7; font-weight: 600; }
.starlung-guidelines table { border-collapse: collapse; width: 100%; }
.starlung-growth td, .starlung-growth th { padding-right: 1rem; }
.starlung-growth td { font-variant-numeric: tabular-nums; }
.starlung-growth small { display: block; color: #a5b1be; }
.starlung-growth b.grown { color: #f09a94; }
.starlung-growth b.shrunk { color: #7fd6a4; }
.starlung-growth b.indistinguishable { color: #d7dee6; font-weight: 500; }
.starlung-growth p { margin: 0.4rem 0 0; font-size: 0.86rem; color: #aab5c1; }
.starlung-why, .starlung-why p, .starlung-why li { font-size: 0.86rem; }
.starlung-why p { margin: 0 0 0.5rem; }
.starlung-why ul { margin: 0; padding-left: 1.2rem; }
.starlung-figures { display: flex; flex-wrap: wrap; gap: 2.2rem; padding: 0.2rem 0 0.5rem; }
.starlung-figure { display: flex; flex-direction: column; font-variant-numeric: tabular-nums; }
.starlung-figure b { font-size: 1.3rem; font-weight: 600; color: #eef3f7; line-height: 1.35; }
.starlung-figure small { color: #a5b1be; }
.starlung-section { font-size: 0.78rem; font-weight: 600; letter-spacing: 0.06em; color: #a5b1be;
  text-transform: uppercase; padding: 0.7rem 0 0.35rem; }
.starlung-card { table-layout: fixed; }
.starlung-card th:first-child, .starlung-card tr:first-child td:first-child { width: 55%; }
.starlung-card td { border-bottom: 1px solid #1e2630; font-variant-numeric: tabular-nums; }
.stMain h3 { font-size: 1rem; font-weight: 600; padding: 0.4rem 0 0.7rem; }
.starlung-reports { display: flex; flex-wrap: wrap; gap: 0.4rem; }
.starlung-reports a { border: 1px solid #2c3642; border-radius: 4px; padding: 0.2rem 0.55rem;
  font-size: 0.88rem; color: #d7dee6; text-decoration: none; white-space: nowrap; }
.starlung-reports a:hover { border-color: #3b8ea5; color: #eef3f7; }
.starlung-welcome { color: #a5b1be; padding: 22vh 0 0; text-align: center; }
.starlung-welcome b { display: block; color: #d7dee6; font-size: 1.15rem; font-weight: 500; }
</style>
"""


def streamlit_options(settings: Settings) -> dict[str, Any]:
    """Options for Streamlit's server: quiet, local, dark."""
    return {
        "server.address": settings.host,
        "browser.serverAddress": next(
            iter(settings.hosts()), "localhost"
        ),  # else Streamlit asks outside for its address
        "server.allowedHosts": settings.hosts(),
        "server.enableCORS": True,
        "server.corsAllowedOrigins": [],
        "server.enableXsrfProtection": True,
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "server.scriptHealthCheckEnabled": False,
        "server.trustedUserHeaders": "{}",
        "server.baseUrlPath": "",
        "global.developmentMode": False,
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
        "theme.primaryColor": "#2d788d",
        "theme.backgroundColor": "#0d1116",
        "theme.secondaryBackgroundColor": "#161c24",
        "theme.textColor": "#d7dee6",
        "theme.borderColor": "#2c3642",
        "theme.sidebar.backgroundColor": "#11161d",
        "theme.baseRadius": "small",
        "theme.baseFontSize": 15,
    }
