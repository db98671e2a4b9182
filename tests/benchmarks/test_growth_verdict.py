"""The verdict over the simulated year: what levels off is let pass, what grows is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.growth import growing
from benchmarks.year import Month

STEADY = [Month(60.0 + size, 9.0, 1.0, 5.0, {"items": 12_000 + 90 * size, "editions": 700 + size, "alarms": size})
          for size in (-40, -20, -10, 1, 0, 2, 1, 0, 2, 1, 2, 0, 1)]  # fmt: skip


def with_rows(table: str, a_month: int) -> list[Month]:
    return [
        replace(month, rows={**month.rows, table: month.rows[table] + a_month * at}) for at, month in enumerate(STEADY)
    ]


def test_a_year_that_levels_off_passes() -> None:
    assert growing(STEADY) == []


@pytest.mark.parametrize(("table", "a_month"), [("items", 200), ("editions", 12), ("alarms", 2)])
def test_a_table_that_retention_forgets_is_named_however_small(table: str, a_month: int) -> None:
    (line,) = growing(with_rows(table, a_month))
    assert f"table {table}," in line


@pytest.mark.parametrize(
    ("name", "words"), [("archive", "the archive's file"), ("index", "the index"), ("log", "the write-ahead log")]
)
def test_files_that_grow_are_named(name: str, words: str) -> None:
    grown = [replace(month, **{name: getattr(month, name) + 8.0 * at}) for at, month in enumerate(STEADY)]
    assert any(line.startswith(words) for line in growing(grown))


def test_an_index_that_goes_up_and_down_has_not_grown() -> None:
    breath = (2.0, 3.0, 3.2, 3.5, 4.2, 1.9, 2.4, 3.0, 3.6, 4.4, 2.0, 2.6, 4.1)
    assert growing([replace(month, index=size) for month, size in zip(STEADY, breath, strict=True)]) == []


def test_too_few_months_tell_nothing() -> None:
    with pytest.raises(ValueError, match="13 months"):
        growing(STEADY[:12])
