"""Structured logs on standard error: for people on a terminal, JSON lines elsewhere.

Ids of runs, editions and deliveries are bound by context; article bodies, questions and secrets are never passed to a
logger, and values under telling names are masked in case one slips through.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_NAMES = ("token", "secret", "password", "authorization", "cookie", "api_key")


def configure(*, json_lines: bool | None = None, level: int = logging.INFO) -> None:
    """Set up logging for the process. ``json_lines`` None: JSON unless standard error is a terminal."""
    as_json = not sys.stderr.isatty() if json_lines is None else json_lines
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
    ]
    last: structlog.typing.Processor
    if as_json:
        shared.append(structlog.processors.format_exc_info)
        last = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        # Plain tracebacks: others would print local variables, and with them article bodies.
        last = structlog.dev.ConsoleRenderer(colors=True, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        # A cached logger would keep its configuration for good, whoever configures anew.
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


def mask_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put ``***`` in the place of values whose name says that they are secret."""
    for name in event:
        if any(part in name.lower() for part in _SECRET_NAMES):
            event[name] = "***"
    return event
