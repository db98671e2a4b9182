"""Each target of ``make fuzz`` with a few examples, so that the targets themselves stay in order."""

from __future__ import annotations

import pytest

from tests.fuzz import targets
from tests.fuzz.__main__ import check
from tests.fuzz.seeds import SEEDS, TOKENS


@pytest.mark.parametrize("name", targets.EVERY)
def test_a_target_holds(name: str) -> None:
    check(name, examples=15, number=1)


def test_every_target_has_examples_that_it_reads_without_complaint() -> None:
    assert set(SEEDS) == set(TOKENS) == set(targets.BYTES)
    for name, examples in SEEDS.items():
        for example in examples:
            targets.BYTES[name](example)


def test_a_target_that_breaks_is_told_with_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(data: bytes) -> None:
        if b"<rss" in data:
            raise ZeroDivisionError

    monkeypatch.setitem(targets.BYTES, "feed", broken)
    with pytest.raises(ZeroDivisionError) as caught:
        check("feed", examples=200, number=1)
    assert any("<rss" in note for note in caught.value.__notes__)
