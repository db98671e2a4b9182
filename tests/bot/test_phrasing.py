"""A model in the bot: configured, asked by /ask, told of in /about and in JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import endpoint_of
from bot.settings import Settings, load_settings
from bot.tools.ask import ask_once
from bot.tools.doctor import run_doctor
from digests.errors import ConfigError
from tests.fakes.model_server import ModelServer
from tests.shipped import shipped_story

QUESTION = "How much has Japan paid into NATO's trust fund for Ukraine?"
CLAIM = (
    "Japan transferred USD 30 million (JPY 3.24 billion) to the trust fund of NATO's Comprehensive Assistance Package "
    "(CAP) for Ukraine, where donors can state how their contributions are to be spent."
)
HONEST = "Japan paid USD 30 million into the trust fund of NATO's Comprehensive Assistance Package for Ukraine."


def configured(folder: Path, text: str) -> Settings:
    (folder / "bot.yaml").write_text(f"story: tiny\n{text}", encoding="utf-8")
    return load_settings(folder)


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


@pytest.fixture
def config(shipped_config: Path, server: ModelServer) -> Path:
    with (shipped_config / "bot.yaml").open("a", encoding="utf-8") as file:
        file.write(f"\nphrasing: {{enabled: true, url: '{server.url}', model: fake-1}}\n")
    return shipped_config


# --- settings ----------------------------------------------------------------------------------------------


def test_no_model_is_used_unless_it_is_enabled(tmp_path: Path) -> None:
    assert configured(tmp_path, "").phrasing is None
    off = configured(tmp_path, "phrasing: {url: 'http://127.0.0.1:11434/v1', model: m, key: {env: NOT_SET_ANYWHERE}}\n")
    assert off.phrasing is None
    assert endpoint_of(off) is None


def test_what_is_left_out_has_defaults_and_the_key_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_KEY", "sesame")
    text = "phrasing: {enabled: true, url: 'https://models.example/v1', model: m, key: {env: MODEL_KEY}, timeout: 4s}\n"
    found = configured(tmp_path, text)
    endpoint = endpoint_of(found)
    assert endpoint is not None
    assert (endpoint.key, endpoint.timeout, endpoint.model) == ("sesame", 4.0, "m")
    assert (endpoint.at_once, endpoint.plain_http) == (2, False)
    assert "sesame" not in repr(found)
    assert configured(tmp_path, text.replace(", timeout: 4s", "")).phrasing.timeout == timedelta(seconds=6)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{enabled: true, model: m}", "needs url and model"),
        ("{enabled: true, url: 'ftp://models.example', model: m}", "is not an http(s) address"),
        ("{enabled: true, url: 'http://me:pw@models.example', model: m}", "carries a user name or password"),
        ("{enabled: true, url: 'https://models.example/v1', model: m, key: hunter2}", "a secret may not stand"),
        ("{enabled: true, url: 'https://models.example/v1', model: m, key: {env: NOT_SET_ANYWHERE}}", "is not set"),
        ("{enabled: true, url: 'https://models.example/v1', model: m, timeout: 10m}", "is no time to wait"),
        ("{enabled: true, url: 'https://models.example/v1', model: m, temperatur: 1}", "temperatur"),
    ],
)
def test_mistakes_are_named_with_their_place_and_no_secret(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(tmp_path, f"phrasing: {text}\n")
    assert expected in str(caught.value)
    assert "bot.yaml:2" in str(caught.value)
    assert "hunter2" not in str(caught.value)


# --- asked -------------------------------------------------------------------------------------------------


async def test_json_marks_phrased_sentences_with_the_span_they_rest_on(
    config: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.phrases["honest"] = {CLAIM: HONEST}
    await ask_once(config, QUESTION, as_json=True, language=None)
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    first = found["answer"][0]
    assert (first["text"], first["phrased"], found["phrased_by"]) == (HONEST, True, "fake-1")
    claims = {fact.id: fact.claim.get("en") for fact in shipped_story().facts}
    for sentence in found["answer"]:
        for number in sentence["citations"]:
            claim = claims[found["citations"][number - 1]["id"]]
            span = sentence["span"]
            assert claim[span["start"] : span["end"]] == span["text"]
            assert sentence["phrased"] or sentence["text"] == span["text"]


async def test_json_of_a_lie_is_the_quotation(
    config: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.mode = "numbers"
    server.phrases["numbers"] = {CLAIM: HONEST.replace("30", "300")}
    await ask_once(config, QUESTION, as_json=True, language=None)
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["answer"][0]["text"] == CLAIM
    assert found["answer"][0]["phrased"] is False


async def test_the_terminal_tells_what_is_phrased_and_shows_the_quotation_below(
    config: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.phrases["honest"] = {CLAIM: HONEST}
    await ask_once(config, QUESTION, as_json=False, language=None)
    shown = " ".join(capsys.readouterr().out.split())
    assert "(phrased)" in shown
    assert "written by the model fake-1" in shown
    assert shown.index("Japan paid USD 30 million into") < shown.index("Japan transferred USD 30 million")


@pytest.mark.parametrize(
    ("mode", "well", "told"),
    [("honest", True, "answers within"), ("fails", False, "status 500"), ("prose", False, "can answer in JSON")],
)
async def test_the_doctor_tries_the_model(
    config: Path, server: ModelServer, capsys: pytest.CaptureFixture[str], mode: str, well: bool, told: str
) -> None:
    server.mode = mode
    assert await run_doctor(config) is well
    assert told in capsys.readouterr().out
