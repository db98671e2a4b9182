"""Secrets in bot.yaml: never written there, only named.

``{env: NAME}`` takes the environment variable NAME, or reads the file that NAME_FILE points at (as container
platforms offer secrets); ``{env_file: NAME_FILE}`` insists on the file. No message ever holds a secret.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAX_BYTES = 64 * 1024


class Unresolved(Exception):
    """A reference that leads nowhere: ``what`` and ``cure`` as in a problem."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure


REFERENCE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A secret by reference: {env: NAME} or {env_file: NAME_FILE}. Secrets never stand in this file.",
    "properties": {
        "env": {"type": "string", "description": "Environment variable that holds the secret; NAME_FILE works, too."},
        "env_file": {"type": "string", "description": "Environment variable that holds the path of a file."},
    },
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
}


def resolve(value: Any, environment: Mapping[str, str] | None = None) -> str:
    """The secret that a reference names. Raises :class:`Unresolved`; a literal secret is refused, not repeated."""
    variables = os.environ if environment is None else environment
    if not isinstance(value, Mapping):
        what = "a secret may not stand in this file"
        raise Unresolved(
            what, "Put it into an environment variable and write {env: NAME} here; then change the secret."
        )
    keys = set(value)
    if len(keys) != 1 or not keys <= {"env", "env_file"}:
        raise Unresolved("this is not a reference to a secret", "Write {env: NAME} or {env_file: NAME_FILE}.")
    (kind, name) = next(iter(value.items()))
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        # What stands there may be the secret itself, so it is not repeated.
        raise Unresolved(
            f"{kind} must name an environment variable", "Use letters, digits and _, such as WEB_PASSWORD."
        )
    secret = _from_environment(kind, name, variables)
    if not secret:
        raise Unresolved(f"the secret behind {name} is empty", "Give it a value.")
    return secret


def _from_environment(kind: str, name: str, variables: Mapping[str, str]) -> str:
    if kind == "env":
        if name in variables:
            return variables[name].strip()
        if f"{name}_FILE" in variables:
            return _from_file(f"{name}_FILE", variables[f"{name}_FILE"])
        cure = f"Set {name} (or {name}_FILE with the path of a file) before the bot starts."
        raise Unresolved(f"the environment variable {name} is not set", cure)
    if name in variables:
        return _from_file(name, variables[name])
    raise Unresolved(
        f"the environment variable {name} is not set", f"Set {name} to the path of the file with the secret."
    )


def _from_file(name: str, path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8") as stream:
            return stream.read(_MAX_BYTES).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "it is not text"
        raise Unresolved(f"the file that {name} points at cannot be read: {why}", f"Correct {name}.") from error


def holds_secret(annotation: Any) -> bool:
    """Whether a field of this type holds a secret."""
    return annotation is SecretStr or any(holds_secret(part) for part in get_args(annotation))
