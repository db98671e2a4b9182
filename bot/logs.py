"""Structured logs on standard error: for people on a terminal, JSON lines elsewhere.

Each line carries the id of the run; ids of editions, deliveries and destinations are bound by context. What libraries
say through :mod:`logging` takes the same form. Article bodies, questions and secrets are never passed to a logger, and
values under telling names are masked in case one slips through.
"""

from __future__ import annotations

import logging
import secrets
import sys
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TextIO

import structlog

_SECRET_NAMES = ("token", "secret", "password", "authorization", "cookie", "api_key")
_handler: logging.Handler | None = None
_json = False


def configure(*, json_lines: bool | None = None, level: int = logging.INFO, run: str | None = None) -> None:
    """Set up logging for the process. ``json_lines`` None: JSON unless standard error is a terminal.

    ``run`` is the id of this run, which JSON lines carry; one is made when none is given.
    """
    global _json
    _json = not sys.stderr.isatty() if json_lines is None else json_lines
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
    ]
    last: list[structlog.typing.Processor]
    if _json:
        shared.append(_with_run(run or secrets.token_hex(4)))
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        # Plain tracebacks: others would print local variables, and with them article bodies.
        last = [structlog.dev.ConsoleRenderer(colors=True, exception_formatter=structlog.dev.plain_traceback)]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        # A cached logger would keep its configuration for good, whoever configures anew.
        cache_logger_on_first_use=False,
    )
    _take_in_libraries([*shared, structlog.stdlib.add_logger_name], last)


def is_json() -> bool:
    """Whether log lines are JSON."""
    return _json


def own_process() -> None:
    """What the process itself says when it dies of a fault, and warnings, go into the log, too."""
    logging.captureWarnings(capture=True)
    sys.excepthook = _died


def _died(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger().critical("process.died", exc_info=(kind, error, trace))


def _with_run(run: str) -> structlog.typing.Processor:
    def add(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {"run": run, **event}

    return add


class _ToStandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at the moment: tests put others in its place."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def _take_in_libraries(first: list[structlog.typing.Processor], last: list[structlog.typing.Processor]) -> None:
    """Have warnings and errors that libraries log come in the same form; other handlers stay."""
    global _handler
    root = logging.getLogger()
    if _handler is not None:
        root.removeHandler(_handler)
    _handler = _ToStandardError()
    _handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=first, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    root.addHandler(_handler)
    root.setLevel(logging.WARNING)


def mask_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put ``***`` in the place of values whose name says that they are secret."""
    for name in event:
        if any(part in name.lower() for part in _SECRET_NAMES):
            event[name] = "***"
    return event
