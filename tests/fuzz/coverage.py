"""One target under atheris, which looks for input that reaches new code: ``python -m tests.fuzz.coverage TARGET ARGS``.

``ARGS`` are libFuzzer's own. The process ends with a status other than 0 when the target raised.
"""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["digests", "bot.commands", "bot.settings"]):
    from tests.fuzz import targets


def main() -> None:
    name, *arguments = sys.argv[1:]
    target = targets.BYTES[name]

    def one(data: bytes) -> None:
        target(data)

    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
