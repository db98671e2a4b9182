"""What a YAML parser stumbles over, in plain words."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

_QUOTE = 'Put the value in quotes: "…".'
_SYNTAX: Mapping[str, tuple[str, str]] = {
    "mapping values are not allowed in this context": (
        "a second ': ' stands in one value, or the indentation is off",
        _QUOTE[:-1] + ", or align the key with its neighbours.",
    ),
    "found character that cannot start any token": ("a value may not begin with {character!r}", _QUOTE),
    "did not find expected key": (
        "the structure breaks off here",
        "Align the key with its neighbours; close quotes and brackets; quote values that hold quotes or ': '.",
    ),
    "did not find expected '-' indicator": (
        "this line does not belong to the list above it",
        "Align it, or begin it with '- '.",
    ),
    "did not find expected ',' or ']'": (
        "a '[' is not closed, or a comma is missing",
        "Close the list with ']', items separated by commas.",
    ),
    "did not find expected ',' or '}'": (
        "a '{{' is not closed, or a comma is missing",
        "Close it with '}', entries separated by commas.",
    ),
    "found unexpected end of stream": ("a quotation mark is not closed", "Close the quoted text."),
    "found undefined alias": (
        "a value that begins with '*' refers to an anchor that does not exist",
        "Put the value in quotes, or define the anchor before it.",
    ),
    "found unknown escape character": (
        "a backslash in double quotes begins an unknown escape",
        "Use single quotes, or write the backslash twice.",
    ),
    "block sequence entries are not allowed in this context": (
        "a list item '- ' stands where a value belongs",
        "Begin the list on its own line below the key.",
    ),
    "but found another document": ("a second document begins here ('---')", "Keep one document per file."),
    "could not find expected ':'": ("a ':' is missing after this key", "Write key: value."),
}


def explain_syntax(error: yaml.MarkedYAMLError, character: str) -> tuple[str, str]:
    """What is wrong and what to do; ``character`` is the one at the place of the mistake."""
    problem = str(error.problem)
    known = _SYNTAX.get(problem)
    if known is None:
        return f"this is not valid YAML ({problem})", "Check quotes, brackets and indentation around here."
    return known[0].format(character=character), known[1]
