"""Discord's JSON errors (topics/opcodes-and-status-codes, JSON error codes)."""

from __future__ import annotations

from typing import Final

KNOWN: Final[dict[int, tuple[int, str]]] = {
    0: (401, "401: Unauthorized"),
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10013: (404, "Unknown User"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    40060: (400, "Interaction has already been acknowledged."),
    40067: (400, "A tag is required to create a forum post in this channel"),
    50001: (403, "Missing Access"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50008: (400, "Cannot send messages in a non-text channel"),
    50013: (403, "Missing Permissions"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50035: (400, "Invalid Form Body"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    160004: (400, "A thread has already been created for this message"),
}


class ApiError(Exception):
    """An answer that refuses. ``where`` names the field of an invalid form body, ``why`` what is wrong with it."""

    def __init__(self, code: int, where: str = "", why: str = "") -> None:
        self.code = code
        self.status, self.message = KNOWN[code]
        super().__init__(f"{code}: {self.message} {where} {why}".rstrip())
        self.where = where
        self.why = why

    def to_json(self) -> dict[str, object]:
        document: dict[str, object] = {"message": self.message, "code": self.code}
        if self.where:
            inner: dict[str, object] = {"_errors": [{"code": "INVALID", "message": self.why}]}
            for name in reversed(self.where.split(".")):
                inner = {name: inner}
            document["errors"] = inner
        return document


def invalid(where: str, why: str) -> ApiError:
    return ApiError(50035, where, why)
