"""The reading page says where a result carries no signature of this site."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.settings import Settings
from app.web.context import WebContext, start_context
from app.web.security.secrets import result_key
from medical.i18n.catalogue import Translator
from medical.results.folder import ResultFolder
from tests.app.web.made_results import made_volume, write_made_result

MAIN = Path(__file__).parents[3] / "app" / "web" / "main.py"


@pytest.fixture
def result(tmp_path: Path) -> Path:
    write_made_result(tmp_path / "out", made_volume(shape=(20, 30, 30)))
    return next((tmp_path / "out").rglob("findings.json")).parent


@pytest.fixture
def shared(result: Path, tmp_path: Path) -> Iterator[WebContext]:
    settings = Settings(work_dir=tmp_path / "work", sample_dir=tmp_path / "none")
    opened = start_context(settings, open_path=result.parent)
    yield opened
    opened.store.close()


def page(shared: WebContext, language: str) -> str:
    """All the HTML of the reading page."""
    test = AppTest.from_file(str(MAIN), default_timeout=120)
    test.session_state["kept-language"] = language
    test.run()  # goes to the study that was named
    assert not test.exception
    return " ".join(element.proto.body for element in test.get("html"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_a_signature_the_page_says_so(
    language: str, shared: WebContext, result: Path
) -> None:
    say = Translator(language)  # type: ignore[arg-type]
    unsigned = say(
        "This result is not signed by this site: it was scored elsewhere, scored by version 0.5 or "
        "earlier, or created by hand."
    )
    changed = say("This result was changed after this site scored it.")
    assert unsigned in page(shared, language)
    folder, key = ResultFolder(result), result_key(shared.settings.work_dir)
    folder.write_findings(folder.read_findings(), key=key)
    signed = page(shared, language)
    assert unsigned not in signed
    assert changed not in signed
    (result / "findings.json").write_text(f"{(result / 'findings.json').read_text()}\n")
    assert changed in page(shared, language)
