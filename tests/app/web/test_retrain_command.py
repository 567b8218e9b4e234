"""The command that the retraining page shows."""

from __future__ import annotations

from app.web.views.retraining import retrain_command


def test_names_store_and_model() -> None:
    command = retrain_command("sqlite:////data/store.sqlite", "starlung-base")
    assert command == (
        "starlung retrain --cases sqlite:////data/store.sqlite --from starlung-base --out RETRAINED"
    )


def test_a_password_is_not_shown() -> None:
    command = retrain_command("postgresql://anna:geheim@db/lung", "starlung-base")
    assert "geheim" not in command
    assert '--cases "$STARLUNG_STORE_URL"' in command
