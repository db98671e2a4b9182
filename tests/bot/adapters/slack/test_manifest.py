"""The app manifest is one that Slack takes, in every way in which the bot can be run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from bot.adapters.slack.manifest import as_yaml, manifest
from bot.adapters.slack.options import SlackOptions
from bot.adapters.slack.scopes import NEEDED
from bot.commands.catalogue import COMMANDS

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "data" / "specs" / "slack" / "manifest" / "manifest.schema.2.0.0.json").read_text()
)
WAYS = [
    {"mode": mode, "commands": style, **many}
    for mode in ("socket", "http")
    for style in ("one", "many")
    for many in ({}, {"client_id": "1.2"})
]


def made(**given: Any) -> dict[str, Any]:
    return manifest(COMMANDS, SlackOptions.model_construct(**{"public_url": "https://bot.example.org/", **given}))


def refusals(document: dict[str, Any]) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft7Validator(SCHEMA).iter_errors(document)]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_slack_takes_it(way: dict[str, Any]) -> None:
    document = made(**way)
    assert refusals(document) == []
    assert 0 < len(document["features"]["slash_commands"]) <= 50
    assert 175 <= len(document["display_information"]["long_description"]) <= 4_000
    assert len(document["display_information"]["description"]) <= 140


def test_a_manifest_that_slack_refuses_would_be_noticed() -> None:
    document = made()
    del document["display_information"]["name"]
    assert refusals(document)


def test_commands_are_one_or_many() -> None:
    (one,) = made(commands="one")["features"]["slash_commands"]
    assert one["command"] == "/kakehashi"
    assert all(command.name in one["usage_hint"] for command in COMMANDS)
    many = {shape["command"]: shape for shape in made(commands="many")["features"]["slash_commands"]}
    assert set(many) == {f"/{command.name}" for command in COMMANDS}
    assert many["/latest"]["usage_hint"] == "[section] [n]"
    assert many["/ask"]["usage_hint"] == "<question>"


def test_with_a_socket_slack_calls_no_address() -> None:
    assert "https://" not in json.dumps(made(mode="socket")["settings"])
    assert made(mode="socket")["settings"]["socket_mode_enabled"] is True


def test_with_http_slack_calls_the_public_address() -> None:
    document = made(mode="http", commands="one", client_id="1.2")
    assert document["settings"]["socket_mode_enabled"] is False
    assert document["settings"]["event_subscriptions"]["request_url"] == "https://bot.example.org/slack/events"
    assert document["settings"]["interactivity"]["request_url"] == "https://bot.example.org/slack/events"
    assert document["features"]["slash_commands"][0]["url"] == "https://bot.example.org/slack/events"
    assert document["oauth_config"]["redirect_urls"] == ["https://bot.example.org/slack/oauth_redirect"]


def test_each_scope_stands_with_its_reason_and_nothing_else_is_asked_for() -> None:
    document = made()
    written = as_yaml(document)
    assert yaml.safe_load(written) == document
    for scope in document["oauth_config"]["scopes"]["bot"]:
        assert f"- {scope}  # {NEEDED[scope]}" in written
    assert set(document["oauth_config"]["scopes"]["bot"]) == set(NEEDED)


def test_a_name_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="35"):
        manifest(COMMANDS, SlackOptions.model_construct(), name="x" * 36)
