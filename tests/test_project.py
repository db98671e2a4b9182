"""The project as a whole: what it depends on, how it is packed and shipped, and what its files may not hold."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
IGNORED = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split()]


def run(*command: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program's whole output; the make that may have started us tells it nothing."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        command, cwd=cwd, env=inherited | environment, capture_output=True, text=True, timeout=100, check=False
    )


def is_ignored(name: str) -> bool:
    return name == ".git" or any(fnmatch(name, pattern) for pattern in IGNORED)


def files_of_the_tree() -> Iterator[Path]:
    """Every file that version control would take."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not is_ignored(name)]
        yield from (Path(folder, name) for name in names if not is_ignored(name))


# --- lock files --------------------------------------------------------------------------------------------

LOCK, DEV_LOCK = "requirements.lock", "requirements-dev.lock"
PINNED = re.compile(r"[A-Za-z0-9._-]+(\[[A-Za-z0-9,_-]+\])?==[^\s;=*]+( ; [^;]+)?")
HASH = re.compile(r"sha256:[0-9a-f]{64}")


def entries(name: str) -> dict[str, tuple[str, ...]]:
    """Locked requirements and their hashes."""
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    found = [re.split(r"\s+--hash=", line.strip()) for line in text.splitlines() if line.strip()]
    return {requirement: tuple(hashes) for requirement, *hashes in found}


def locked_versions(name: str) -> dict[str, list[str]]:
    versions: dict[str, list[str]] = {}
    for requirement in map(Requirement, entries(name)):
        pins = [pin.version for pin in requirement.specifier]
        versions.setdefault(canonicalize_name(requirement.name), []).extend(pins)
    return versions


@pytest.mark.parametrize("name", [LOCK, DEV_LOCK])
def test_every_locked_requirement_is_pinned_with_hashes(name: str) -> None:
    assert entries(name)
    for requirement, hashes in entries(name).items():
        assert PINNED.fullmatch(requirement), requirement
        assert hashes, requirement
        assert all(HASH.fullmatch(value) for value in hashes), requirement


@pytest.mark.parametrize("name", [LOCK, DEV_LOCK])
def test_a_lock_file_names_no_index_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert not re.search(r"://| @ |^\s*-[a-z]|--(?!hash=)", text, re.MULTILINE)


def test_what_runs_is_what_is_tested() -> None:
    assert entries(LOCK).items() <= entries(DEV_LOCK).items()


def wanted(*groups: str) -> list[Requirement]:
    texts = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["postgres"]]
    texts += [text for group in groups for text in PROJECT["dependency-groups"][group]]
    return list(map(Requirement, texts))


@pytest.mark.parametrize(("name", "groups"), [(LOCK, ("build",)), (DEV_LOCK, ("build", "dev", "bench"))])
def test_every_dependency_is_locked_at_a_version_that_it_allows(name: str, groups: tuple[str, ...]) -> None:
    versions = locked_versions(name)
    for requirement in wanted(*groups):
        found = versions.get(canonicalize_name(requirement.name))
        assert found, f"{requirement} is not in {name}"
        assert all(requirement.specifier.contains(version) for version in found), f"{requirement}: {found}"


def test_the_build_backend_is_locked_too() -> None:
    assert {Requirement(text).name for text in PROJECT["build-system"]["requires"]} <= locked_versions(LOCK).keys()


# --- containers --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Instruction:
    word: str
    arguments: str


def dockerfile() -> list[Instruction]:
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [Instruction(word.upper(), rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def last_stage() -> list[Instruction]:
    """The instructions of the image that ships."""
    instructions = dockerfile()
    start = max(n for n, instruction in enumerate(instructions) if instruction.word == "FROM")
    return instructions[start:]


def test_the_image_stands_on_a_pinned_base() -> None:
    bases = [instruction.arguments.split()[0] for instruction in dockerfile() if instruction.word == "FROM"]
    assert bases
    for base in bases:
        assert re.fullmatch(r"[a-z0-9./-]+:\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?", base), base


def test_the_image_runs_as_nobody_in_particular() -> None:
    words = [instruction.word for instruction in last_stage()]
    users = [instruction.arguments for instruction in last_stage() if instruction.word == "USER"]
    assert users
    assert users[-1].partition(":")[0] not in ("root", "0")
    assert "ENTRYPOINT" in words
    assert words.index("USER") < words.index("ENTRYPOINT")


def test_the_image_says_whether_it_is_well() -> None:
    checks = [instruction.arguments for instruction in last_stage() if instruction.word == "HEALTHCHECK"]
    assert len(checks) == 1
    assert '"doctor"' in checks[0]


def test_the_image_is_made_of_this_tree_and_of_locked_packages() -> None:
    assert [instruction for instruction in dockerfile() if instruction.word == "ADD"] == []
    runs = [instruction.arguments for instruction in dockerfile() if instruction.word == "RUN"]
    for line in runs:
        assert not re.search(r"https?:|curl|wget|apt", line), line
        if " install " in line:
            assert "--require-hashes" in line or "--no-deps --no-build-isolation" in line, line


def test_everything_that_the_image_copies_is_there() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    for instruction in dockerfile():
        if instruction.word != "COPY" or "--from=" in instruction.arguments:
            continue
        sources = [part for part in instruction.arguments.split() if not part.startswith("--")][:-1]
        for source in sources:
            assert (ROOT / source).exists(), source
            assert source not in ignored, source


def test_the_build_step_has_what_the_package_is_built_from() -> None:
    copied = {part for each in dockerfile() if each.word == "COPY" for part in each.arguments.split()}
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], PROJECT["project"]["readme"], "pyproject.toml"}
    assert needed | set(PROJECT["project"]["license-files"]) <= copied


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8")))


def test_the_container_may_do_as_little_as_possible(compose: dict[str, Any]) -> None:
    bot = compose["services"]["bot"]
    assert bot["read_only"] is True
    assert bot["cap_drop"] == ["ALL"]
    assert bot["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "user"} & bot.keys()
    assert "./config:/config:ro" in bot["volumes"]


def test_the_container_is_reached_from_this_machine_alone(compose: dict[str, Any]) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_container_publishes_the_port_that_the_image_exposes(compose: dict[str, Any]) -> None:
    exposed = [instruction.arguments for instruction in last_stage() if instruction.word == "EXPOSE"]
    assert [port.rpartition(":")[2] for port in compose["services"]["bot"]["ports"]] == exposed


def test_without_a_profile_the_bot_stands_alone(compose: dict[str, Any]) -> None:
    assert [name for name, service in compose["services"].items() if not service.get("profiles")] == ["bot"]


def test_a_profile_brings_a_database(compose: dict[str, Any]) -> None:
    database = next(service for service in compose["services"].values() if service.get("profiles") == ["postgres"])
    assert re.fullmatch(r"postgres:\d+[\w.-]*", database["image"])
    assert database["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert "ports" not in database
    assert database["volumes"]


def test_the_databases_password_is_a_secret_file(compose: dict[str, Any]) -> None:
    database = next(service for service in compose["services"].values() if service.get("profiles") == ["postgres"])
    (secret,) = database["secrets"]
    assert database["environment"]["POSTGRES_PASSWORD_FILE"] == f"/run/secrets/{secret}"
    assert "POSTGRES_PASSWORD" not in database["environment"]
    assert compose["secrets"][secret].keys() == {"file"}


def test_volumes_are_declared(compose: dict[str, Any]) -> None:
    mounted = [volume for service in compose["services"].values() for volume in service["volumes"]]
    named = {volume.partition(":")[0] for volume in mounted if not volume.startswith((".", "/"))}
    assert named == compose["volumes"].keys()


@pytest.mark.parametrize("name", [".env", "secrets"])
def test_secrets_stay_out_of_version_control_and_images(name: str) -> None:
    assert is_ignored(name)
    assert name in (ROOT / ".dockerignore").read_text("utf-8").split()


# --- make and the checks before a change lands -------------------------------------------------------------


def test_the_check_before_landing_stops_at_the_first_failure() -> None:
    script = ROOT / ".ci" / "run"
    lines = script.read_text("utf-8").splitlines()
    assert script.stat().st_mode & stat.S_IXUSR
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert "make check" in lines
    assert any(re.fullmatch(r"([A-Z_]+=\S+ )*make test", line) for line in lines)
    checked = run("bash", "-n", str(script))
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    ("target", "command"),
    [("run", "kakehashi run"), ("test", "-m pytest"), ("check", "lint-imports"), ("bench", "-m benchmarks")],
)
def test_make_knows_what_to_do(target: str, command: str, need: Callable[[bool, str], None]) -> None:
    need(shutil.which("make") is not None, "make")
    dry = run("make", "-n", target)
    assert dry.returncode == 0, dry.stderr
    assert command in dry.stdout


def test_make_installs_nothing_that_is_not_locked(need: Callable[[bool, str], None]) -> None:
    need(shutil.which("make") is not None, "make")
    dry = run("make", "-n", "-B", "run", "test")
    installs = [line for line in dry.stdout.splitlines() if "pip install" in line]
    assert installs
    assert [line for line in installs if "--require-hashes" not in line and "--no-deps" not in line] == []


def test_the_parts_import_only_what_they_may() -> None:
    checked = run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    assert f"{len(contracts)} kept, 0 broken" in checked.stdout


# --- the package -------------------------------------------------------------------------------------------

IMPORT_ALL = """
import importlib, pkgutil, sys
import bot, digests
for package in (bot, digests):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if found.name not in sys.argv[1:]:
            importlib.import_module(found.name)
"""
RUN_BY_OTHERS = ("digests.archive.migrations.env",)
"""Modules that only Alembic can run."""


def test_importing_a_module_does_nothing_else(tmp_path: Path) -> None:
    # discord.py imports a module that Python 3.13 no longer has, where it is there (and a successor where it is not).
    strict = ("-W", "error", "-W", "ignore:'audioop' is deprecated:DeprecationWarning")
    done = run(sys.executable, *strict, "-c", IMPORT_ALL, *RUN_BY_OTHERS, cwd=tmp_path, PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


HEAVY = ("alembic", "babel", "discord", "docx", "lingua", "pypdf", "slack_bolt", "slack_sdk", "trafilatura")
"""Libraries that are slow to import or large in memory: loaded when they are first needed."""


def test_starting_loads_no_heavy_library() -> None:
    script = f"import sys, bot.cli, bot.run; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = run(sys.executable, "-c", script)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_local_chat_is_found_by_its_entry_point() -> None:
    group = "kakehashi.adapters"
    declared = PROJECT["project"]["entry-points"][group]
    from bot.adapters.web import create

    assert EntryPoint("web", declared["web"], group).load() is create


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The package as it would be installed; built without fetching anything."""
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), PIP_NO_INDEX="1")
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_both_packages_whole(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    tree = {path.relative_to(ROOT).as_posix() for path in files_of_the_tree()}
    assert {name for name in tree if name.startswith(("bot/", "digests/"))} - names == set()


@pytest.mark.parametrize(
    "pattern",
    [
        "bot/locale/ja.po",
        "bot/locale/uk.po",
        "bot/adapters/web/static/index.html",
        "bot/adapters/web/static/app.js",
        "bot/adapters/web/static/app.css",
        "digests/archive/migrations/versions/0*.py",
        "bot/defaults/config/bot.yaml",
        "bot/defaults/config/schema/*.json",
        "bot/defaults/config/stories/*/story.yaml",
        "bot/defaults/config/stories/*/facts.yaml",
        "bot/defaults/config/stories/*/briefs/*.ja.md",
    ],
)
def test_the_wheel_holds_what_the_program_reads(wheel: zipfile.ZipFile, pattern: str) -> None:
    assert [name for name in wheel.namelist() if fnmatch(name, pattern)]


def test_the_wheel_holds_the_whole_default_configuration(wheel: zipfile.ZipFile) -> None:
    shipped = [path.relative_to(ROOT / "config") for path in files_of_the_tree() if ROOT / "config" in path.parents]
    assert shipped
    for path in shipped:
        assert wheel.read(f"bot/defaults/config/{path.as_posix()}") == (ROOT / "config" / path).read_bytes()


def test_the_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"bot", "digests"}
    assert [name for name in wheel.namelist() if re.search(r"__pycache__|\.sqlite3|\.env$", name)] == []


def test_the_wheel_offers_the_command_and_the_adapter(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    offered = ConfigParser()
    offered.read_string(wheel.read(name).decode())
    assert offered["console_scripts"]["kakehashi"] == "bot.cli:main"
    assert offered["kakehashi.adapters"]["web"] == "bot.adapters.web:create"


# --- what no file may hold ---------------------------------------------------------------------------------

# Put together here, so that this file does not hold them either.
MACHINE_PATHS = [f"/{name}" for name in ("work", "root", "farm")]
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("python" + "hosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("crates", "io"),
        ("docker", "io"), ("ghcr", "io"), ("quay", "io"), ("rubygems", "org"), ("proxy", "golang", "org"),
    )
]  # fmt: skip
MACHINE_PATH = re.compile(rb"(?<![\w./~-])(" + "|".join(MACHINE_PATHS).encode() + rb")(?=[/\s\"'`,;:)]|$)")
REGISTRY = re.compile(rb"\b(" + "|".join(map(re.escape, REGISTRIES)).encode() + rb")\b", re.IGNORECASE)


@pytest.mark.parametrize("forbidden", [MACHINE_PATH, REGISTRY], ids=["machine paths", "registries"])
def test_no_file_tells_where_it_was_made(forbidden: re.Pattern[bytes]) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]!r}"
        for path in files_of_the_tree()
        for number, line in enumerate(path.read_bytes().splitlines(), 1)
        if forbidden.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("path", MACHINE_PATHS)
def test_machine_paths_would_be_found(path: str) -> None:
    for line in (f"cd {path}/main", f'"{path}"', f"{path}", f"({path}/x)"):
        assert MACHINE_PATH.search(line.encode()), line
    for line in (f"https://example.org{path}/x", f".{path}", f"{path}s", f"~{path}/"):
        assert not MACHINE_PATH.search(line.encode()), line


def test_registries_would_be_found() -> None:
    for name in REGISTRIES:
        assert REGISTRY.search(f"https://{name}/simple".encode())
        assert not REGISTRY.search(f"my{name}etic".encode())
