"""State behind buttons, kept in the archive so that a button works after a restart."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.tables import views

_INSERT = views.insert()
"""Made once: building it takes longer than running it."""


@dataclass(frozen=True, slots=True)
class View:
    """``kind`` says what the payload means; ``owner`` is the member key that may use it."""

    token: str
    kind: str
    owner: str
    payload: Mapping[str, Any]
    expires_at: datetime


def new(*, kind: str, owner: str, payload: Mapping[str, Any], expires_at: datetime) -> View:
    """A view with a token of its own (16 URL-safe characters), not yet kept."""
    return View(secrets.token_urlsafe(12), kind, owner, dict(payload), expires_at)


async def put(connection: AsyncConnection, view: View, *, now: datetime) -> str:
    """Keep a view; returns its token."""
    row = {
        "token": view.token,
        "kind": view.kind,
        "owner": view.owner,
        "payload": dict(view.payload),
        "created_at": now,
        "expires_at": view.expires_at,
    }
    await connection.execute(_INSERT, row)
    return view.token


async def get(connection: AsyncConnection, token: str, *, now: datetime) -> View | None:
    """The view; None when it never was or has expired."""
    query = select(views).where(views.c.token == token, views.c.expires_at > now)
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        return None
    return View(row["token"], row["kind"], row["owner"], row["payload"], row["expires_at"])


async def prune(connection: AsyncConnection, *, now: datetime) -> int:
    """Forget expired views; returns how many."""
    return (await connection.execute(delete(views).where(views.c.expires_at <= now))).rowcount
