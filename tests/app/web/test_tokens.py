from __future__ import annotations

import pytest

from app.web.security.secrets import AddressTokens


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_names_its_volume(clock: Clock) -> None:
    tokens = AddressTokens(life_seconds=60, clock=clock)
    assert tokens.read(tokens.issue("ct", holder="anna"), holder="anna") == "ct"


def test_stays_the_same_for_a_while_so_that_browsers_can_cache(clock: Clock) -> None:
    tokens = AddressTokens(life_seconds=60, clock=clock)
    clock.now = 60 * 1000.0
    first = tokens.issue("ct", holder="anna")
    clock.now += 59
    assert tokens.issue("ct", holder="anna") == first


def test_lives_at_least_its_life_and_at_most_twice(clock: Clock) -> None:
    tokens = AddressTokens(life_seconds=60, clock=clock)
    token = tokens.issue("ct", holder="anna")
    assert 60 < tokens.seconds_left(token) <= 120


def test_expires(clock: Clock) -> None:
    tokens = AddressTokens(life_seconds=60, clock=clock)
    token = tokens.issue("ct", holder="anna")
    clock.now += 121
    assert tokens.read(token, holder="anna") is None
    assert tokens.seconds_left(token) == 0


@pytest.mark.parametrize("forged", ["", "x", "WyJjdCIsOTk5OTk5OTk5OV0.sig", "a.b.c"])
def test_refuses_what_it_did_not_sign(forged: str) -> None:
    assert AddressTokens(life_seconds=60).read(forged, holder="anna") is None


def test_refuses_another_process_s_signature() -> None:
    token = AddressTokens(life_seconds=60).issue("ct", holder="anna")
    assert AddressTokens(life_seconds=60).read(token, holder="anna") is None


def test_life_must_be_positive() -> None:
    with pytest.raises(ValueError, match="got 0"):
        AddressTokens(life_seconds=0)


@pytest.mark.parametrize("holder", ["bo", ""])
def test_is_good_for_its_holder_only(holder: str) -> None:
    tokens = AddressTokens(life_seconds=60)
    assert tokens.read(tokens.issue("ct", holder="anna"), holder=holder) is None


def test_without_a_holder_it_is_good_for_nobody() -> None:
    tokens = AddressTokens(life_seconds=60)
    assert tokens.read(tokens.issue("ct", holder=""), holder="") is None
