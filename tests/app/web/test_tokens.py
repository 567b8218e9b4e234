from __future__ import annotations

import pytest

from app.web.tokens import VolumeTokens


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_names_its_volume(clock: Clock) -> None:
    tokens = VolumeTokens(life_seconds=60, clock=clock)
    assert tokens.read(tokens.issue("ct")) == "ct"


def test_stays_the_same_for_a_while_so_that_browsers_can_cache(clock: Clock) -> None:
    tokens = VolumeTokens(life_seconds=60, clock=clock)
    clock.now = 60 * 1000.0
    first = tokens.issue("ct")
    clock.now += 59
    assert tokens.issue("ct") == first


def test_lives_at_least_its_life_and_at_most_twice(clock: Clock) -> None:
    tokens = VolumeTokens(life_seconds=60, clock=clock)
    token = tokens.issue("ct")
    assert 60 < tokens.seconds_left(token) <= 120


def test_expires(clock: Clock) -> None:
    tokens = VolumeTokens(life_seconds=60, clock=clock)
    token = tokens.issue("ct")
    clock.now += 121
    assert tokens.read(token) is None
    assert tokens.seconds_left(token) == 0


@pytest.mark.parametrize("forged", ["", "x", "WyJjdCIsOTk5OTk5OTk5OV0.sig", "a.b.c"])
def test_refuses_what_it_did_not_sign(forged: str) -> None:
    assert VolumeTokens(life_seconds=60).read(forged) is None


def test_refuses_another_process_s_signature() -> None:
    token = VolumeTokens(life_seconds=60).issue("ct")
    assert VolumeTokens(life_seconds=60).read(token) is None


def test_life_must_be_positive() -> None:
    with pytest.raises(ValueError, match="got 0"):
        VolumeTokens(life_seconds=0)
