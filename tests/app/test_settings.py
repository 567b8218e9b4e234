from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings
from tests.conftest import REPOSITORY


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


LOGIN = {
    "login_metadata_url": "https://id.example/.well-known/openid-configuration",
    "login_client_id": "starlung",
    "login_client_secret": "secret",
    "login_redirect_url": "https://ct.example/oauth2callback",
}


def test_without_login_listens_on_this_machine_only() -> None:
    assert Settings().host == "127.0.0.1"
    with pytest.raises(ValidationError, match=r"cannot listen on 0\.0\.0\.0: without login"):
        Settings(host="0.0.0.0")


def test_with_login_others_may_reach_it() -> None:
    assert Settings(host="0.0.0.0", **LOGIN).host == "0.0.0.0"


def test_half_a_login_is_refused() -> None:
    with pytest.raises(ValidationError, match="one of them is missing"):
        Settings(**{**LOGIN, "login_client_secret": None})


def test_a_name_is_no_address() -> None:
    with pytest.raises(ValidationError, match="ct-server is not an address"):
        Settings(host="ct-server", **LOGIN)


def test_secrets_are_not_printed() -> None:
    assert "secret'" not in repr(Settings(**{**LOGIN, "cookie_secret": "another secret"}))


def test_localhost_is_this_machine() -> None:
    assert Settings(host="localhost").host == "127.0.0.1"


def test_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "starlung.toml").write_text("port = 9001\npasses = 8\n")
    monkeypatch.setenv("STARLUNG_CONFIG", str(tmp_path / "starlung.toml"))
    monkeypatch.setenv("STARLUNG_PORT", "9002")
    assert (Settings().port, Settings().samples) == (9002, 8)


@pytest.mark.parametrize("name", ["ct.example:8443", "10.0.0.5:8501", "::1]:80", "a:b", "[::1]"])
def test_an_allowed_host_that_no_request_can_match_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="no port"):
        Settings(allowed_hosts={name})


@pytest.mark.parametrize("name", ["CT.example", "10.0.0.5", "fe80::1", "::1"])
def test_a_plain_name_or_address_is_an_allowed_host(name: str) -> None:
    assert name.lower() in Settings(allowed_hosts={name}).hosts()


def test_samples_are_read_under_their_earlier_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "starlung.toml").write_text("passes = 8\n")
    monkeypatch.setenv("STARLUNG_CONFIG", str(tmp_path / "starlung.toml"))
    monkeypatch.setenv("SAMPLES", "5")  # another program's
    assert Settings().samples == 8
    monkeypatch.setenv("STARLUNG_PASSES", "6")
    assert Settings().samples == 6
    monkeypatch.setenv("STARLUNG_SAMPLES", "7")
    assert Settings().samples == 7


def test_results_lie_where_this_system_keeps_a_users_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STARLUNG_WORK_DIR", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Settings().work_dir == tmp_path / "starlung"
    monkeypatch.setenv("XDG_DATA_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings().work_dir == tmp_path / ".local" / "share" / "starlung"


def test_a_setting_that_does_not_exist_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "starlung.toml").write_text("hide_identiy = true\n")
    monkeypatch.setenv("STARLUNG_CONFIG", str(tmp_path / "starlung.toml"))
    with pytest.raises(ValidationError, match="hide_identiy"):
        Settings()


def test_a_file_that_is_named_and_not_there_is_no_file_of_defaults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STARLUNG_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(FileNotFoundError, match=r"none\.toml"):
        Settings()


def test_a_file_that_holds_nothing_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STARLUNG_CONFIG", os.devnull)
    assert Settings().port == 8501


EXAMPLES = re.findall(
    r"^ *```toml\n(.*?)^ *```", (REPOSITORY / "docs" / "node.md").read_text("utf-8"), re.M | re.S
)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_page_s_examples_are_settings(
    example: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "starlung.toml").write_text(textwrap.dedent(example))
    monkeypatch.setenv("STARLUNG_CONFIG", str(tmp_path / "starlung.toml"))
    assert Settings().node.callers[0].ae_title == "CT1"


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 2
