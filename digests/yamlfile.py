"""Reading YAML that admins edit: plain values plus the place of each of them, and mistakes in plain words.

The values follow the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema): ``08:00``, ``no``,
``on`` and dates stay text. What can surprise or harm is refused: duplicate keys, tags, merge keys, aliases that expand
without end, depth and size beyond any sensible configuration.

Places are looked up in the parsed nodes when somebody asks, so a file without mistakes pays nothing for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from digests.errors import ConfigError, Problem
from digests.yamlsyntax import explain_syntax

# PyYAML without libyaml is slower, otherwise the same. The type checker sees one of them.
if TYPE_CHECKING or not yaml.__with_libyaml__:
    from digests.yamlslow import SlowParser as _Base
else:
    from yaml._yaml import CParser as _Base

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 40
MAX_VALUES = 400_000
"""Values in one file after aliases are expanded: ten times the flagship story's facts."""

Where = tuple[str | int, ...]
"""Where a value stands in a document: keys and positions from the top."""

_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_START = frozenset("+-.0123456789")
# What YAML 1.2 does not allow in a stream (c-printable), plus the byte order mark inside the text, plus the marks that
# turn the reading direction: with them a line says something else than it shows (Unicode Technical Report 36, 2.5).
UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, both from 1."""

    line: int
    column: int


class Document:
    """The values of one YAML file. ``name`` is what problems call the file."""

    def __init__(self, name: str, value: Any, root: yaml.Node | None, *, first_line: int = 1) -> None:
        self.name = name
        self.value = value
        self._root = root
        self._first_line = first_line

    def place(self, path: Sequence[str | int] = (), *, key: bool = False) -> Place:
        """Where the value at ``path`` stands, or its key. A path that leaves the document: its last known part."""
        node, name = self._root, None
        for step in path:
            found = _child(node, step)
            if found is not None:
                name, node = found
        target = name if key and name is not None else node
        if target is None:
            return Place(self._first_line, 1)
        return Place(target.start_mark.line + self._first_line, target.start_mark.column + 1)

    def has(self, path: Sequence[str | int]) -> bool:
        """Whether there is a value at ``path``."""
        node = self._root
        for step in path:
            found = _child(node, step)
            if found is None:
                return False
            node = found[1]
        return node is not None

    def rows(self, *path: str) -> list[tuple[int, dict[str, Any]]]:
        """The entries of the list at ``path`` that hold keys, with their positions; whatever else is there is left out.

        Checks across entries and files read these, so that they work however wrong other parts are.
        """
        value = self.value
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return [(n, row) for n, row in enumerate(value) if isinstance(row, dict)] if isinstance(value, list) else []

    def problem(self, path: Sequence[str | int], what: str, cure: str, *, key: bool = False) -> Problem:
        """A mistake at the value (or key) at ``path``."""
        place = self.place(path, key=key)
        return Problem(self.name, place.line, place.column, what, cure)


def load_yaml(path: Path, text: str | None = None, *, name: str | None = None, first_line: int = 1) -> Document:
    """Read one YAML document from ``path``, or from ``text`` when that is given.

    ``name`` stands in for the path in problems; ``first_line`` is the line of the file that ``text`` begins on.
    Raises :class:`ConfigError` with every problem that reading alone can find.
    """
    shown = name or str(path)
    if text is None:
        text = read_text(path, name=shown)
    reader = _Reader(shown, first_line)
    root = reader.compose(text)
    value = reader.build(root) if root is not None else None
    if reader.problems:
        raise ConfigError(reader.problems)
    return Document(shown, value, root, first_line=first_line)


def read_text(path: Path, *, name: str | None = None) -> str:
    """A text file that must be UTF-8. Raises :class:`ConfigError` when it is missing, too large or not UTF-8."""
    shown = name or str(path)

    def refused(what: str, cure: str, line: int = 0, column: int = 0) -> ConfigError:
        return ConfigError([Problem(shown, line, column, what, cure)])

    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise refused("the file is missing", "Create it, or restore it from a copy.") from error
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise refused(f"the file cannot be read: {why}", "Check its permissions.") from error
    if len(raw) > MAX_BYTES:
        raise refused(f"the file is larger than {MAX_BYTES // 2**20} MiB", "Split it, or remove what is not needed.")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refused("the file is saved as UTF-16", "Save it as UTF-8.", 1, 1)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        begin = raw.rfind(b"\n", 0, error.start) + 1
        column = len(raw[begin : error.start].decode("utf-8", "replace")) + 1
        what = f"the byte 0x{raw[error.start]:02x} is not UTF-8 text"
        raise refused(what, "Save the file as UTF-8 (in the editor: encoding UTF-8).", line, column) from error


def validate(document: Document, model: type[M]) -> M | list[Problem]:
    """The document as ``model``, or every mistake in it with place, reason and cure."""
    from digests.yamlproblems import explain

    value = document.value
    if value is None:
        value = {}
    if not isinstance(value, dict):
        what = "the file holds one value or a list, not keys with values"
        return [document.problem((), what, f"Begin with a key, such as {_first_field(model)}: …")]
    try:
        return model.model_validate(value)
    except ValidationError as error:
        return explain(document, model, error)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem once, by file and place."""
    return sorted(set(problems), key=lambda problem: (problem.file, problem.line, problem.column, problem.what))


def _first_field(model: type[BaseModel]) -> str:
    return next((field.alias or name for name, field in model.model_fields.items()), "key")


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The (key or value) node and the value node one step below ``node``."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        return node.value[step], node.value[step]
    return None


# --- parsing -----------------------------------------------------------------------------------------------


class _Loader(_Base):
    """PyYAML's composer without its YAML 1.1 resolver, and with a floor under the recursion."""

    depth = 0

    def resolve(self, _kind: object, _value: object, _implicit: object) -> None:
        """Leave untagged nodes untagged: :class:`_Reader` reads them by their style."""

    def descend_resolver(self, _parent: object, _index: object) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _TooDeep

    def ascend_resolver(self) -> None:
        self.depth -= 1


class _TooDeep(Exception):
    pass


class _Reader:
    """One reading of one text: nodes to values, with every refusal noted."""

    def __init__(self, name: str, first_line: int) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self._first_line = first_line
        self._open: set[int] = set()
        self._built: dict[int, tuple[Any, int]] = {}
        self._values = 0

    def compose(self, text: str) -> yaml.Node | None:
        """The node tree. Raises :class:`ConfigError` when the text is not YAML: parsing ends at the first mistake."""
        if bad := UNPRINTABLE.search(text):
            line = text.count("\n", 0, bad.start())
            column = bad.start() - (text.rfind("\n", 0, bad.start()) + 1)
            what = f"the character U+{ord(bad[0]):04X} is not allowed"
            raise ConfigError([self._at(line, column, what, "Delete it (it may be invisible), or retype the line.")])
        loader = _Loader(text)
        try:
            node: yaml.Node | None = loader.get_single_node()
        except yaml.MarkedYAMLError as error:
            raise ConfigError([self._syntax(error, text)]) from error
        except _TooDeep as error:
            problem = self._at(0, 0, f"values are nested more than {MAX_DEPTH} levels deep", "Flatten them.")
            raise ConfigError([problem]) from error
        except RecursionError as error:
            raise ConfigError([self._at(0, 0, "values are nested too deep", "Flatten them.")]) from error
        finally:
            loader.dispose()
        return node

    def build(self, node: yaml.Node) -> Any:
        """The node's value. An anchored node is built once and shared; its size counts at every alias."""
        if node.tag is not None:
            self._refuse(
                node, f"the tag {_tag(node.tag)} is not allowed", "Remove it; quote the value to make it text."
            )
        if isinstance(node, yaml.ScalarNode):
            self._count(node, 1)
            return scalar(node.value) if not node.style else node.value
        known = self._built.get(id(node))
        if known is not None:
            self._count(node, known[1])
            return known[0]
        if id(node) in self._open:
            self._refuse(node, "an alias contains itself", "Write the values out instead of using an alias.")
            return None
        self._open.add(id(node))
        before = self._values
        self._count(node, 1)
        value = self._mapping(node) if isinstance(node, yaml.MappingNode) else [self.build(v) for v in node.value]
        self._open.discard(id(node))
        self._built[id(node)] = (value, self._values - before)
        return value

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        value: dict[str, Any] = {}
        seen: dict[str, yaml.Node] = {}
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._refuse(key, "a key must be a single word or text", "Use plain text before the colon.")
                continue
            name: str = key.value
            if name in seen:
                first = seen[name].start_mark
                what = f"the key {name!r} stands here a second time (first in line {first.line + self._first_line})"
                self._refuse(key, what, "Keep one of the two.")
            elif name == "<<" and not key.style:
                self._refuse(key, "merge keys (<<) are not part of YAML 1.2", "Write the keys out.")
            seen.setdefault(name, key)
            value[name] = self.build(child)
        return value

    def _count(self, node: yaml.Node, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            what = f"the file expands to more than {MAX_VALUES:,} values"
            raise ConfigError([*self.problems, self._marked(node, what, "Remove aliases, or split the file.")])

    def _refuse(self, node: yaml.Node, what: str, cure: str) -> None:
        self.problems.append(self._marked(node, what, cure))

    def _marked(self, node: yaml.Node, what: str, cure: str) -> Problem:
        return self._at(node.start_mark.line, node.start_mark.column, what, cure)

    def _at(self, line: int, column: int, what: str, cure: str) -> Problem:
        return Problem(self.name, line + self._first_line, column + 1, what, cure)

    def _syntax(self, error: yaml.MarkedYAMLError, text: str) -> Problem:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        lines = text.split("\n")
        here = lines[line] if line < len(lines) else ""
        if "\t" in here[: column + 1] and not here[:column].strip():
            what, cure = "the line is indented with a tab", "Use spaces: YAML does not allow tabs there."
            return self._at(line, here.index("\t"), what, cure)
        what, cure = explain_syntax(error, here[column : column + 1])
        opened = error.context_mark
        # What was opened and never closed runs on to wherever it clashes; the opening is what must be mended.
        if (
            opened
            and opened.line != line
            and str(error.context).startswith(("while scanning a quoted", "while parsing a flow"))
        ):
            line, column = opened.line, opened.column
        return self._at(line, column, what, cure)


def scalar(text: str) -> Any:
    """A plain (unquoted) scalar by YAML 1.2's core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    if _INT.fullmatch(text):
        # Python refuses absurdly long numbers; as text they meet the model's own check.
        return int(text) if len(text) < 400 else text
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL_FLOAT.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def _tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")
