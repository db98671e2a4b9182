"""The licences of what is installed: each known, each allowing the bot to be passed on, the table in step."""

from __future__ import annotations

import pytest

from bot import licences


def test_the_table_is_in_step_and_knows_every_package() -> None:
    made = licences.table()
    assert licences.TABLE.read_text("utf-8") == made, "python -m bot.licences --write"
    rows = dict(licences._ROW.findall(made))
    assert sorted(rows) == licences.packages()
    assert licences.UNKNOWN not in rows.values()


def test_every_licence_lets_the_bot_be_passed_on() -> None:
    rows = dict(licences._ROW.findall(licences.TABLE.read_text("utf-8")))
    assert {name: licence for name, licence in rows.items() if not licences.is_allowed(licence)} == {}


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("MIT AND Apache-2.0", True),
        ("GPL-3.0-only OR MPL-2.0", True),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0", False),
        ("(MIT OR Apache-2.0)", True),
        ("unknown", False),
        ("", False),
    ],
)
def test_one_allowed_alternative_is_enough(expression: str, allowed: bool) -> None:
    assert licences.is_allowed(expression) is allowed
