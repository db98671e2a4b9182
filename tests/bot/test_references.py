"""Secrets by reference: where they are looked for, and that no message repeats one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.references import Unresolved, resolve


def test_an_environment_variable_holds_the_secret() -> None:
    assert resolve({"env": "TOKEN"}, {"TOKEN": "s3cret"}) == "s3cret"


def test_a_file_named_by_the_variable_with_file_behind_it_holds_the_secret(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    assert resolve({"env": "TOKEN"}, {"TOKEN_FILE": str(file)}) == "s3cret"
    assert resolve({"env_file": "TOKEN_FILE"}, {"TOKEN_FILE": str(file), "TOKEN": "other"}) == "s3cret"


def test_the_variable_itself_wins_over_its_file(tmp_path: Path) -> None:
    assert resolve({"env": "TOKEN"}, {"TOKEN": "a", "TOKEN_FILE": str(tmp_path / "none")}) == "a"


@pytest.mark.parametrize("value", ["xoxb-s3cret", 12345, True, ["s3cret"]])
def test_a_literal_secret_is_refused_and_not_repeated(value: object) -> None:
    with pytest.raises(Unresolved) as caught:
        resolve(value, {})
    assert "{env: NAME}" in caught.value.cure
    assert "s3cret" not in caught.value.what + caught.value.cure
    assert "12345" not in caught.value.what + caught.value.cure


@pytest.mark.parametrize(
    "value", [{}, {"env": "A", "env_file": "B"}, {"file": "x"}, {"env": None}, {"env": "s3cret !"}]
)
def test_a_reference_of_another_form_is_refused(value: object) -> None:
    with pytest.raises(Unresolved) as caught:
        resolve(value, {})
    assert "s3cret" not in caught.value.what + caught.value.cure


def test_what_is_not_there_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(Unresolved, match="TOKEN is not set"):
        resolve({"env": "TOKEN"}, {})
    with pytest.raises(Unresolved, match="TOKEN_FILE is not set"):
        resolve({"env_file": "TOKEN_FILE"}, {"TOKEN": "x"})
    with pytest.raises(Unresolved, match="cannot be read"):
        resolve({"env_file": "TOKEN_FILE"}, {"TOKEN_FILE": str(tmp_path / "none")})
    with pytest.raises(Unresolved, match="empty"):
        resolve({"env": "TOKEN"}, {"TOKEN": "  "})
