"""Logs carry ids and reasons, never secrets and never what articles say."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot import logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize("json_lines", [True, False])
def test_secrets_and_local_variables_do_not_reach_the_log(capsys: pytest.CaptureFixture[str], json_lines: bool) -> None:
    logs.configure(json_lines=json_lines)
    body = "the body of an article"
    try:
        raise ValueError("wrong") if body else KeyError
    except ValueError:
        structlog.get_logger().exception("went.wrong", slack_token="xoxb-canary", api_key="canary")
    shown = capsys.readouterr().err
    assert "went.wrong" in shown
    assert "canary" not in shown
    assert body not in shown.replace('body = "the body of an article"', "")


def test_json_lines_carry_bound_ids(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(json_lines=True)
    with structlog.contextvars.bound_contextvars(edition=7):
        structlog.get_logger().info("delivery.sent", part=1)
    line = json.loads(capsys.readouterr().err)
    assert line["edition"] == 7
    assert line["event"] == "delivery.sent"


def test_what_libraries_log_takes_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(json_lines=True, run="r1")
    logging.getLogger("some.library").warning("it went %s", "wrong")
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("some.library").exception("it broke")
    logging.getLogger("some.library").info("chatter")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["event"], first["level"], first["logger"], first["run"]) == (
        "it went wrong",
        "warning",
        "some.library",
        "r1",
    )
    assert "ValueError: broken" in second["exception"]


def test_configuring_again_says_nothing_twice(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(json_lines=True)
    logs.configure(json_lines=True)
    logging.getLogger("some.library").warning("once")
    assert len(capsys.readouterr().err.splitlines()) == 1
