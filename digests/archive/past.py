"""The archive as it was when an edition was composed: views that stand before the tables, for one connection.

Queries need not know: temporary views of the same names hide the tables. What came later is left out, edited words are
those that stood there then, and what was withdrawn later is not withdrawn. What is kept without its history is as it is
now: how an edited item is filed, the words of facts, and what retention has deleted meanwhile.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.direct import Work
from digests.archive.engine import Archive
from digests.archive.tables import UtcTime, editions, facts, filings, items
from digests.model import Edition

T = TypeVar("T")


async def read_as_of(archive: Archive, edition: Edition, work: Work[T]) -> T:
    """Run ``work`` on the archive as it was just before ``edition`` was written. Nothing is changed.

    ``work`` may await nothing but its connection (see :meth:`Archive.read_at_once`).
    """

    async def looking_back(connection: AsyncConnection) -> T:
        sqlite = connection.dialect.name == "sqlite"
        real, temporary = ("main.", "temp.") if sqlite else ("", "pg_temp.")
        statements = _views(edition, real)

        async def undo() -> None:
            for name in reversed(statements):
                await connection.exec_driver_sql(f"DROP VIEW IF EXISTS {temporary}{name}")
            if sqlite:
                await connection.exec_driver_sql("PRAGMA query_only=ON")

        # Views of one connection change no data; yet both databases ask for leave to make them.
        await connection.exec_driver_sql("PRAGMA query_only=OFF" if sqlite else "SET TRANSACTION READ WRITE")
        try:
            for name, select in statements.items():
                await connection.exec_driver_sql(f"CREATE TEMP VIEW {name} AS {select}")
            if not sqlite:
                # The connection has prepared queries before, which still mean the tables: have them understood anew.
                await connection.exec_driver_sql("DISCARD PLANS")
            found = await work(connection)
        except BaseException:
            if sqlite:  # PostgreSQL takes them back with the transaction.
                await undo()
            raise
        await undo()
        return found

    return await archive.read_at_once(looking_back)


def _views(edition: Edition, real: str) -> dict[str, str]:
    """SELECTs by table. Only numbers of our own stand in them, so nothing has to be quoted."""
    moment, through = _stored(edition.composed_at), int(edition.through_item)
    then = f"(SELECT min(number) FROM {real}revisions WHERE item_id = i.id AND seen_at > {moment})"  # noqa: S608
    later = f"(SELECT 1 FROM {real}items x WHERE x.id = f.item_id AND x.withdrawn_at > {moment})"  # noqa: S608
    was = {name: f"CASE WHEN r.item_id IS NULL THEN i.{name} ELSE r.{name} END" for name in ("title", "text", "url")}
    was["revision"] = "CASE WHEN r.item_id IS NULL THEN i.revision ELSE r.number END"
    was["withdrawn_at"] = f"CASE WHEN i.withdrawn_at > {moment} THEN NULL ELSE i.withdrawn_at END"
    retired = {"retired_at": f"CASE WHEN f.retired_at > {moment} THEN NULL ELSE f.retired_at END"}
    # Filings look at the real items, so they come before the view of these.
    return {
        "filings": _select(filings, "f", {"withdrawn": f"CASE WHEN EXISTS {later} THEN FALSE ELSE f.withdrawn END"})
        + f" FROM {real}filings f WHERE f.item_id <= {through}",
        "items": _select(items, "i", was)
        + f" FROM {real}items i LEFT JOIN {real}revisions r ON r.item_id = i.id AND r.number = {then}"
        + f" WHERE i.id <= {through}",
        "editions": _select(editions, "e", {}) + f" FROM {real}editions e WHERE e.id < {int(edition.id)}",
        "facts": _select(facts, "f", retired) + f" FROM {real}facts f WHERE f.added_at <= {moment}",
    }


def _select(table: Table, alias: str, instead: dict[str, str]) -> str:
    columns = (f"{instead.get(column.name, f'{alias}.{column.name}')} AS {column.name}" for column in table.columns)
    return f"SELECT {', '.join(columns)}"


def _stored(moment: datetime) -> int:
    value: int = UtcTime().process_bind_param(moment, None)  # type: ignore[arg-type, assignment]
    return value
