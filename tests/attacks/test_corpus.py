"""The corpus as a whole: large enough, each case once, and its list in step."""

from __future__ import annotations

from collections import Counter

from tests.attacks.corpus import DOORS, HERE, doors, listing

FEWEST = 120


def test_the_corpus_is_large_enough_and_no_case_stands_twice() -> None:
    every = doors()
    assert set(every) == {path.stem for path in HERE.glob("test_*.py")} - {"test_corpus"} == set(DOORS)
    names = Counter(case.name for cases in every.values() for case in cases)
    assert [name for name, count in names.items() if count > 1] == []
    assert len(names) >= FEWEST
    assert all(case.expected for cases in every.values() for case in cases)


def test_the_list_of_cases_is_in_step() -> None:
    assert (HERE / "README.md").read_text(encoding="utf-8") == listing(), "python -m tests.attacks.corpus --write"
