"""What libraries say of a file stays out of logs."""

from __future__ import annotations

import subprocess
import sys

SAYS = """
import logging, warnings
from medical.logs import silence_libraries
silence_libraries()
silence_libraries()
logging.basicConfig(level=logging.INFO)
warnings.warn("patient Geheimrat", UserWarning)
logging.getLogger("pydicom").warning("value %s", "Geheimrat")
logging.getLogger("highdicom.base").error("Geheimrat")
logging.getLogger("medical.scoring").warning("ours")
try:
    raise ValueError("could not convert Geheimrat")
except ValueError:
    logging.getLogger("medical.scoring").exception("scoring %s failed", "3fa92c")
    logging.getLogger("streamlit.app").error("uncaught", exc_info=True)
    logging.getLogger("nibabel").exception("Geheimrat")
"""


def test_neither_warnings_nor_logs_nor_traces_hold_a_header_s_text() -> None:
    ran = subprocess.run([sys.executable, "-c", SAYS], capture_output=True, text=True, check=True)
    output = ran.stdout + ran.stderr
    assert "Geheimrat" not in output
    assert "ours" in output
    assert "scoring 3fa92c failed: ValueError at <string>" in output
    assert "pydicom had a remark" in output
