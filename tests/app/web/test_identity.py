from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings
from app.web.security.identity import Reader, reader_from_claims
from app.web.server import login_secrets
from tests.app.test_settings import LOGIN


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def site(**given: Any) -> Settings:
    return Settings(**{**LOGIN, **given})


def claims(sub: str, email: str) -> dict[str, object]:
    """As a provider sends them that has verified the address."""
    return {"sub": sub, "email": email, "email_verified": True}


def test_everybody_with_a_login_reads_and_nobody_administrates() -> None:
    assert reader_from_claims(claims("7", "Anna@ct.example"), site()) == Reader(
        "anna@ct.example", administrator=False
    )


def test_a_list_lets_only_its_own_in() -> None:
    settings = site(readers=["Anna@ct.example"], administrators=["boss@ct.example"])
    assert reader_from_claims(claims("7", "anna@ct.example"), settings) is not None
    assert reader_from_claims(claims("8", "eve@ct.example"), settings) is None
    boss = reader_from_claims(claims("9", "boss@ct.example"), settings)
    assert boss == Reader("boss@ct.example", administrator=True)


@pytest.mark.parametrize(
    "unverified",
    [{"email_verified": v} for v in (False, None, "", "true", "false", 0, 1, [True])] + [{}],
)
def test_an_address_that_nobody_verified_gives_no_rights(unverified: dict[str, object]) -> None:
    settings = site(administrators=["boss@ct.example"])
    given = {"sub": "8", "email": "boss@ct.example", **unverified}
    assert reader_from_claims(given, settings) == Reader("8", administrator=False)
    trusting = site(administrators=["boss@ct.example"], trust_unverified_email=True)
    assert reader_from_claims(given, trusting) == Reader("boss@ct.example", administrator=True)


def test_a_subject_in_the_form_of_an_address_is_none() -> None:
    given: dict[str, object] = {"sub": "boss@ct.example"}
    reader = reader_from_claims(given, site(administrators=["boss@ct.example"]))
    assert reader is not None and not reader.administrator
    assert reader_from_claims(given, site(readers=["boss@ct.example"])) is None


def test_nobody_is_not_let_in() -> None:
    assert reader_from_claims({}, site()) is None


def test_without_login_streamlit_is_told_no_secret() -> None:
    assert login_secrets(Settings()) == {}


def test_the_cookie_s_secret_is_the_site_s_or_a_random_one() -> None:
    secrets = login_secrets(site(cookie_secret="kept over restarts"))["auth"]["cookie_secret"]
    assert secrets == "kept over restarts"
    made = [login_secrets(site())["auth"]["cookie_secret"] for _ in range(2)]
    assert made[0] != made[1]
    assert len(made[0]) == 64
