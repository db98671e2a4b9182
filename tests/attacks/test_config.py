"""Hostile and careless configuration: bot.yaml and story folders, read as at the start and as by a reload."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.settings import load_settings
from digests.errors import ConfigError, KakehashiError
from digests.story import load_story
from digests.yamlfile import MAX_BYTES, MAX_DEPTH, MAX_VALUES
from tests.attacks.conftest import TINY
from tests.attacks.corpus import Case, each

CANARY = "canary-51d7"
DIGEST = """\
story: tiny
digests:
  - id: morning
    name: {en: Morning}
    destinations: ["web:digest"]
    schedule: daily 08:00
"""
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)


def bot(text: str | bytes) -> Callable[[Path], None]:
    """The configuration folder with this bot.yaml."""

    def write(folder: Path) -> None:
        (folder / "bot.yaml").write_bytes(text.encode() if isinstance(text, str) else text)

    return write


def story(name: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    """The configuration folder with one file of its story changed."""

    def write(folder: Path) -> None:
        path = folder / "stories" / "tiny" / name
        path.write_text(change(path.read_text()) if path.exists() else change(""))

    return write


def source(**values: str) -> Callable[[Path], None]:
    lines = {
        "id": "courier",
        "name": "Courier",
        "url": "https://courier.example/feed",
        "publisher": "Courier",
        "family": "courier",
        "kind": "national",
        "language": "en",
    } | values
    entry = ", ".join(f"{name}: {value}" for name, value in lines.items() if value)
    return story("sources.yaml", lambda _: f"sources:\n  - {{{entry}}}\n")


def a_linked_story(folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "story.yaml").write_text(f"secret: {CANARY}\n")
    shutil.rmtree(folder / "stories" / "tiny")
    (folder / "stories" / "tiny").symlink_to(outside, target_is_directory=True)


def a_secret_file(folder: Path) -> None:
    (folder / "bot.yaml").unlink()
    (folder / "bot.yaml").mkdir()


@dataclass(frozen=True, kw_only=True)
class ConfigCase(Case):
    """``told``: words in one of the problems; each problem names its place and a cure. "" means that it is read."""

    write: Callable[[Path], None]
    told: str


CASES: tuple[ConfigCase, ...] = (
    ConfigCase(
        name="a YAML bomb: eleven layers of aliases",
        expected=f"refused after {MAX_VALUES:,} values, at the line where they are passed",
        write=bot(BOMB + DIGEST),
        told="expands to more than",
    ),
    ConfigCase(
        name="an alias that contains itself",
        expected="refused at its line",
        write=bot("story: tiny\nplatforms: &a {web: *a}\n"),
        told="contains itself",
    ),
    ConfigCase(
        name="a hundred thousand open brackets",
        expected=f"refused: more than {MAX_DEPTH} levels deep",
        write=bot("story: " + "[" * 100_000),
        told=f"more than {MAX_DEPTH} levels",
    ),
    ConfigCase(
        name="a tag that calls a Python function (os.system)",
        expected="refused at its line; nothing is called",
        write=bot("story: !!python/object/apply:os.system ['touch " + CANARY + "']\n"),
        told="tag",
    ),
    ConfigCase(
        name="a tag that makes a Python object",
        expected="refused at its line; nothing is made",
        write=bot("story: !!python/object/new:subprocess.Popen [[ls]]\n"),
        told="tag",
    ),
    ConfigCase(
        name="a tag of one's own for another file (!include)",
        expected="refused at its line; the file is not read",
        write=bot("story: !include /etc/passwd\n"),
        told="tag",
    ),
    ConfigCase(
        name="merge keys",
        expected="refused at their line",
        write=bot("base: &b {story: tiny}\n<<: *b\n"),
        told="merge keys",
    ),
    ConfigCase(
        name="a key that stands twice, the second time otherwise",
        expected="refused with both lines: no reader of the file is misled",
        write=bot("story: tiny\nadmins: []\nadmins: ['web:local:evil']\n"),
        told="second time",
    ),
    ConfigCase(
        name="a second document in the file",
        expected="refused at its line",
        write=bot(DIGEST + "---\nstory: other\n"),
        told="second document",
    ),
    ConfigCase(
        name="a file of nine megabytes",
        expected=f"refused: larger than {MAX_BYTES >> 20} MiB; no more than that is read",
        write=bot("# " + "x" * (9 << 20)),
        told="larger than",
    ),
    ConfigCase(
        name="a NUL in the file",
        expected="refused at its place",
        write=bot("story: tiny\0\n"),
        told="U+0000",
    ),
    ConfigCase(
        name="a file in UTF-16",
        expected="refused, with the cure",
        write=bot(DIGEST.encode("utf-16")),
        told="UTF-16",
    ),
    ConfigCase(
        name="bytes that are no UTF-8",
        expected="refused at the place of the first one",
        write=bot(b"story: tiny\n# \xff\xfe\n"),
        told="0xff",
    ),
    ConfigCase(
        name="a folder in the place of bot.yaml",
        expected="refused, with the cure",
        write=a_secret_file,
        told="cannot be read",
    ),
    ConfigCase(
        name="a number of ten thousand digits",
        expected="refused as what it is not; no arithmetic is done on it",
        write=bot("story: tiny\nplatforms: {web: {port: " + "9" * 10_000 + "}}\n"),
        told="as an integer",
    ),
    ConfigCase(
        name="a story id that climbs out of its folder (..)",
        expected="refused: no id",
        write=bot("story: ../../etc\n"),
        told="../../etc",
    ),
    ConfigCase(
        name="a story id that is an absolute path",
        expected="refused: no id",
        write=bot("story: /etc\n"),
        told="/etc",
    ),
    ConfigCase(
        name="a story id with a NUL, escaped",
        expected="refused: no id",
        write=bot('story: "tiny\\0"\n'),
        told="is not an id",
    ),
    ConfigCase(
        name="a story folder that is a link to somewhere else",
        expected="what lies there is read as a story or refused; no line of it is repeated",
        write=a_linked_story,
        told="secret",
    ),
    ConfigCase(
        name="a digest id that climbs out of its folder",
        expected="refused: no id",
        write=bot(DIGEST.replace("id: morning", "id: ../morning")),
        told="../morning",
    ),
    ConfigCase(
        name="a section id that climbs out of its folder",
        expected="refused: no id",
        write=story("story.yaml", lambda text: text.replace("id: building", "id: ../building")),
        told="../building",
    ),
    ConfigCase(
        name="a document folder above the story's",
        expected="refused: it must lie inside the story folder",
        write=source(type="documents", url="", path="../../../secrets"),
        told="inside",
    ),
    ConfigCase(
        name="a document folder with an absolute path",
        expected="refused: it must lie inside the story folder",
        write=source(type="documents", url="", path="/etc"),
        told="inside",
    ),
    ConfigCase(
        name="a source at a file: address",
        expected="refused: only http and https",
        write=source(url="'file:///etc/passwd'"),
        told="http",
    ),
    ConfigCase(
        name="a source with a password in its address",
        expected="refused; the password is not repeated",
        write=source(url=f"'https://user:{CANARY}@courier.example/feed'"),
        told="user name",
    ),
    ConfigCase(
        name="a secret written into bot.yaml",
        expected="refused; the secret is not repeated",
        write=bot(f"story: tiny\nplatforms: {{web: {{password: {CANARY}}}}}\n"),
        told="a secret may not stand in this file",
    ),
    ConfigCase(
        name="a secret in the place of a variable's name",
        expected="refused; the secret is not repeated",
        write=bot(f"story: tiny\nplatforms: {{web: {{password: {{env: '{CANARY}!'}}}}}}\n"),
        told="must name an environment variable",
    ),
    ConfigCase(
        name="a database password written into bot.yaml",
        expected="refused; the password is not repeated",
        write=bot(f"story: tiny\narchive: postgresql://bot:{CANARY}@db.example/news\n"),
        told="a password may not stand in this file",
    ),
    ConfigCase(
        name="a web page for all the world without a password",
        expected="refused: it would let others in",
        write=bot("story: tiny\nplatforms: {web: {host: 0.0.0.0}}\n"),
        told="lets others in",
    ),
    ConfigCase(
        name="a web page for all the world (IPv6) without a password",
        expected="refused: it would let others in",
        write=bot('story: tiny\nplatforms: {web: {host: "::"}}\n'),
        told="lets others in",
    ),
    ConfigCase(
        name="a platform that names a module of Python's",
        expected="refused: there is no such platform; nothing is imported",
        write=bot("story: tiny\nplatforms: {os: {}, subprocess: {}}\n"),
        told="'os'",
    ),
    ConfigCase(
        name="a cron line that never comes (30 February)",
        expected="refused when it is read, not searched for ever",
        write=bot(DIGEST.replace("daily 08:00", "0 8 30 2 *")),
        told="schedule",
    ),
    ConfigCase(
        name="a time zone that climbs out of the zone folder",
        expected="refused: no time zone",
        write=bot("story: tiny\nzone: ../../etc/passwd\n"),
        told="../../etc/passwd",
    ),
    ConfigCase(
        name="a name with marks that turn the reading direction",
        expected="refused at its place: what is read is what stands there",
        write=bot(DIGEST.replace("Morning", "Morning\u202egnp.exe")),
        told="U+202E",
    ),
    ConfigCase(
        name="a filing rule that would take a regular expression for ever",
        expected="taken as the words that it is: nothing is matched as an expression",
        write=story("glossary.yaml", lambda text: text + "  - {id: evil, category: x, names: {en: ['(a+)+$']}}\n"),
        told="",
    ),
)


def read(folder: Path) -> None:
    settings = load_settings(folder)
    load_story(settings.story_folder)


@pytest.mark.parametrize("case", each(CASES))
def test_a_hostile_configuration(
    case: ConfigCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "config"
    shutil.copytree(TINY, folder / "stories" / "tiny")
    (folder / "bot.yaml").write_text(DIGEST)
    case.write(folder)
    if not case.told:
        read(folder)
        return
    with pytest.raises(KakehashiError) as caught:
        read(folder)
    assert isinstance(caught.value, ConfigError)
    problems = [str(problem) for problem in caught.value.problems]
    assert any(case.told in problem for problem in problems), problems
    assert all(problem.cure for problem in caught.value.problems)
    assert max(map(len, problems)) < 1_000, "a problem is a sentence, not the file"
    assert CANARY not in "".join(problems)
    assert list(tmp_path.iterdir()) == [folder] or (tmp_path / "outside").exists(), "nothing was run"
