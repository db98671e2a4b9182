"""Logs carry ids and reasons, never secrets and never what articles say."""

from __future__ import annotations

import json
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
