"""bot.yaml: defaults, short forms, secrets by reference, and every mistake at its place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from bot import platforms
from bot.adapters.web import WebOptions
from bot.settings import Settings, load_settings
from digests.errors import ConfigError, NotFound, Problem
from digests.model import Destination

SECTIONS = ["overview", "building", "money"]
DIGEST = """\
story: tiny
digests:
  - id: morning
    name: {en: Morning}
    destinations: ["web:digest"]
    schedule: weekdays 08:00
"""


def settings(folder: Path, text: str) -> Settings:
    (folder / "bot.yaml").write_text(text, encoding="utf-8")
    return load_settings(folder, sections=SECTIONS)


def refused(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        settings(folder, text)
    return caught.value.problems


# --- what loads --------------------------------------------------------------------------------------------


def test_one_line_is_enough(tmp_path: Path) -> None:
    found = settings(tmp_path, "story: tiny\n")
    assert found.archive == "sqlite:///var/kakehashi.sqlite3"
    assert (found.zone, found.language) == ("UTC", "en")
    assert found.story_folder == tmp_path / "stories" / "tiny"
    assert isinstance(found.platforms["web"], WebOptions)
    assert found.retention.messages == timedelta(days=90)
    assert found.ingest.enabled
    assert found.digests == ()


def test_a_digest_takes_what_it_does_not_say_from_the_bot(tmp_path: Path) -> None:
    found = settings(tmp_path, "zone: Asia/Tokyo\nlanguage: ja\n" + DIGEST)
    digest = found.digest("morning")
    assert (digest.zone, digest.language) == ("Asia/Tokyo", "ja")
    assert (digest.length, digest.quiet, digest.catch_up) == ("normal", "post", timedelta(hours=6))
    assert digest.sections == ("building", "money")
    assert digest.destinations == (Destination("web", "local", "digest"),)
    assert digest.schedule == "weekdays 08:00"


def test_a_digest_may_say_everything_itself(tmp_path: Path) -> None:
    digest = settings(
        tmp_path,
        """\
story: tiny
digests:
  - id: money
    name: {en: Money, ja: 費用, uk: Гроші}
    sections: [money, overview]
    destinations:
      - web:local:money
      - {platform: web, channel: digest}
    schedule: "30 7 * * 1-5"
    zone: Europe/Kyiv
    language: uk
    length: long
    catch_up: 2d
    quiet: weekly-roundup
""",
    ).digest("money")
    assert digest.name.get("uk") == "Гроші"
    assert digest.sections == ("money", "overview")
    assert [str(place) for place in digest.destinations] == ["web:local:money", "web:local:digest"]
    assert (digest.zone, digest.language, digest.length, digest.quiet) == (
        "Europe/Kyiv",
        "uk",
        "long",
        "weekly-roundup",
    )
    assert digest.catch_up == timedelta(days=2)


def test_times_and_words_that_yaml_1_1_misreads_stay_text(tmp_path: Path) -> None:
    text = DIGEST.replace("weekdays 08:00", "hourly").replace("id: morning", "id: no")
    assert settings(tmp_path, text).digests[0].id == "no"


def test_channels_come_from_the_destinations_each_once(tmp_path: Path) -> None:
    text = DIGEST.replace('["web:digest"]', '["web:b", "web:a"]')
    text += DIGEST.partition("digests:\n")[2].replace("morning", "evening").replace("web:digest", "web:a")
    assert settings(tmp_path, text).channels("web") == ("b", "a")


def test_the_file_itself_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("story: tiny\n")
    assert load_settings(tmp_path / "other.yaml").story == "tiny"


def test_without_the_storys_sections_all_stays_open(tmp_path: Path) -> None:
    (tmp_path / "bot.yaml").write_text(DIGEST)
    assert load_settings(tmp_path).digest("morning").sections == ()


def test_a_digest_that_does_not_exist_is_told_with_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="morning"):
        settings(tmp_path, DIGEST).digest("evening")


def test_admins_and_the_place_for_trouble(tmp_path: Path) -> None:
    found = settings(tmp_path, 'story: tiny\nadmins: ["web:local:ann"]\nops: web:ops\n')
    assert found.admins == {"web:local:ann"}
    assert found.ops == Destination("web", "local", "ops")


# --- secrets -----------------------------------------------------------------------------------------------

OPEN = "story: tiny\nplatforms:\n  web:\n    host: 0.0.0.0\n    password: {value}\n"


def test_a_password_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PASSWORD", "hunter2")
    options = settings(tmp_path, OPEN.format(value="{env: WEB_PASSWORD}")).platforms["web"]
    assert isinstance(options, WebOptions)
    assert options.password == SecretStr("hunter2")


def test_a_password_in_the_file_is_refused_and_never_shown(tmp_path: Path) -> None:
    (problem,) = refused(tmp_path, OPEN.format(value="hunter2"))
    assert (problem.line, problem.column) == (5, 15)
    assert "{env: NAME}" in problem.cure
    assert "hunter2" not in str(problem)


def test_a_password_that_is_not_set_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEB_PASSWORD", raising=False)
    (problem,) = refused(tmp_path, OPEN.format(value="{env: WEB_PASSWORD}"))
    assert "WEB_PASSWORD is not set" in problem.what


def test_a_platform_that_is_off_needs_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEB_PASSWORD", raising=False)
    text = OPEN.format(value="{env: WEB_PASSWORD}") + "    enabled: false\n"
    assert "web" in settings(tmp_path, text).platforms


def test_listening_beyond_this_machine_needs_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAKEHASHI_WEB_PASSWORD", raising=False)
    (problem,) = refused(tmp_path, "story: tiny\nplatforms:\n  web:\n    host: 0.0.0.0\n")
    assert problem.line == 4
    assert "password" in problem.cure


def test_the_archives_address_may_be_a_reference_but_hold_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVE", "postgresql://bot:hunter2@db/news")
    found = settings(tmp_path, "story: tiny\narchive: {env: ARCHIVE}\n")
    assert found.archive == "postgresql://bot:hunter2@db/news"
    assert "hunter2" not in repr(found)
    for address in ("postgresql://bot:hunter2@db/news", "postgresql://db/news?password=hunter2"):
        (problem,) = refused(tmp_path, f"story: tiny\narchive: {address}\n")
        assert "hunter2" not in str(problem)
        assert "{env: NAME}" in problem.cure


class ChatOptions(BaseModel):
    """Options of an adapter that this program has never heard of."""

    token: SecretStr
    team: str
    default_workspace: str = "T1"


def test_another_adapters_options_are_checked_by_its_own_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platforms, "platform_modules", lambda: {"web": "bot.adapters.web", "chat": __name__})
    monkeypatch.setattr(platforms, "options_model", {"web": WebOptions, "chat": ChatOptions}.__getitem__)
    monkeypatch.setenv("CHAT_TOKEN", "s3cret")
    text = 'platforms: {chat: {token: {env: CHAT_TOKEN}, team: a}}\nops: "chat:C1"\nstory: tiny\n'
    found = settings(tmp_path, text)
    assert found.platforms["chat"] == ChatOptions(token=SecretStr("s3cret"), team="a")
    assert found.ops == Destination("chat", "T1", "C1")
    problems = refused(tmp_path, "platforms: {chat: {token: s3cret, tem: a}}\nstory: tiny\n")
    assert any("secret" in problem.what for problem in problems)
    assert any("'team' is missing" in problem.what for problem in problems)
    assert "s3cret" not in "".join(map(str, problems))


# --- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "cure"),
    [
        ("story: tiny", "stroy: tiny", 1, "'stroy'", "Did you mean story?"),
        ("weekdays 08:00", "weekdays 25:00", 6, "25:00", "00:00 to 23:59"),
        ("weekdays 08:00", "someday", 6, "'someday'", "weekdays 08:00"),
        ('"web:digest"', '"wob:digest"', 5, "'wob'", "Did you mean web?"),
        ('"web:digest"', '"digest"', 5, "not a destination", "web:digest"),
        ('"web:digest"', '"web:digest", "web:local:digest"', 5, "twice", "Keep one"),
        ('["web:digest"]', "[]", 5, "empty", "at least one"),
        ("id: morning", "id: Good morning", 3, "not an id", "good-morning"),
        ("name: {en: Morning}", "name: {ja: 朝}", 4, "'en' is missing", "Add en"),
        ("id: morning", "id: morning\n    sections: [bulding]", 4, "'bulding'", "Did you mean building?"),
        ("id: morning", "id: morning\n    sections: [money, money]", 4, "twice", "Keep one"),
        ("id: morning", "id: morning\n    zone: Tokyo", 4, "not a time zone", "Asia/Tokyo"),
        ("id: morning", "id: morning\n    quiet: silent", 4, "'silent'", "skip"),
        ("id: morning", "id: morning\n    length: 5", 4, "'5'", "short, normal, long"),
        ("id: morning", "id: morning\n    catch_up: 6", 4, "no unit", "6h"),
        ("story: tiny", "story: tiny\nadmins: [ann]", 2, "not a member", "web:local:local"),
        ("story: tiny", 'story: tiny\nadmins: ["irc:x:ann"]', 2, "'irc'", "platforms"),
        ("story: tiny", "story: tiny\nops: nowhere", 2, "not a destination", "web:digest"),
        ("story: tiny", "story: tiny\nplatforms: {wbe: {}}", 2, "'wbe'", "Did you mean web?"),
        ("story: tiny", "story: tiny\nplatforms: {web: {prot: 1}}", 2, "'prot'", "Did you mean port?"),
        ("story: tiny", "story: tiny\nplatforms: {web: {port: 99999}}", 2, "99999", "65535"),
        ("story: tiny", "story: tiny\nplatforms: {web: 5}", 2, "web", "key: value"),
        ("story: tiny", "story: tiny\nretention: {items: 400}", 2, "no unit", "2d"),
        ("story: tiny", "story: tiny\narchive: mysql://x", 2, "archive", "sqlite:///"),
        ("story: tiny", "story: tiny\narchive: postgres://h/db", 2, "archive", "postgresql://"),
        ("story: tiny", "story: tiny\ningest: {enabled: no}", 2, "true or false", "true or false"),
    ],
)
def test_one_mistake_is_told_at_its_line(tmp_path: Path, old: str, new: str, line: int, what: str, cure: str) -> None:
    assert old in DIGEST
    found = refused(tmp_path, DIGEST.replace(old, new))
    problem = next((problem for problem in found if what in problem.what), None)
    assert problem is not None, found
    assert problem.line == line
    assert cure in problem.cure


def test_all_mistakes_come_in_one_run(tmp_path: Path) -> None:
    found = refused(
        tmp_path,
        """\
story: tiny
zone: Mars
platforms: {web: {prot: 1, password: hunter2}}
digests:
  - {id: a, name: {en: A}, destinations: ["web:x"], schedule: never, sections: [mony]}
  - {id: a, name: {en: A}, destinations: ["irc:x"], schedule: hourly, length: tall}
""",
    )
    assert [problem.line for problem in found] == [2, 3, 3, 5, 5, 6, 6, 6]


def test_search_uses_the_extra_unless_it_is_switched_off(tmp_path: Path) -> None:
    found = settings(tmp_path, "story: tiny\n").search
    assert (found.semantic, found.japanese) == (True, "bigrams")
    found = settings(tmp_path, "story: tiny\nsearch: {semantic: off, japanese: sudachi}\n").search
    assert (found.semantic, found.japanese) == (False, "sudachi")
    (problem,) = refused(tmp_path, "story: tiny\nsearch: {japanese: mecab}\n")
    assert problem.line == 2
