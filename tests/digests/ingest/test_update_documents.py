"""A folder of documents as a source: the same path as feeds, but what is taken away is withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from digests.archive import Archive, events, items
from digests.errors import ParseError
from digests.ingest import documents
from digests.ingest.update import SourceUpdate
from digests.search.index import open_index
from digests.story import Story
from tests.conftest import StoppedClock
from tests.fakes.feedserver import Entry
from tests.fakes.pressroom import LOAN, PILLAR, Pressroom, feed, folder

REPORT = f"# Report on the bridge\n\n## Works\n\n{PILLAR}\n\n## Payment\n\n{LOAN}\n"


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    made = tmp_path / "papers"
    made.mkdir()
    (made / "report.md").write_text(REPORT)
    return made


@pytest.fixture
async def desk(archive: Archive, tiny: Story, clock: StoppedClock, papers: Path) -> Pressroom:
    sources = (folder("papers", papers), feed("agency"))
    return Pressroom(archive, tiny, await open_index(archive), clock, sources=sources)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The documents that were read."""
    seen: list[str] = []
    real = documents.read_document

    def read(path: Path, root: Path | None = None) -> object:
        seen.append(path.name)
        return real(path, root)

    monkeypatch.setattr(documents, "read_document", read)
    return seen


def rewrite(path: Path, text: str) -> None:
    """Write, and make sure that it shows: files may be written twice within the clock's grain."""
    path.write_text(text)
    path.touch()


async def test_sections_of_a_document_are_items_with_their_place(desk: Pressroom) -> None:
    assert await desk.update("papers") == SourceUpdate("papers", new=2)
    works, payment = await desk.items()
    assert (works.title, payment.title) == ("Report on the bridge", "Report on the bridge")
    assert {works.locator, payment.locator} == {"§ Works", "§ Payment"}
    assert works.url is None
    assert works.baseline
    assert await desk.sections(works) | await desk.sections(payment) == {"building", "money"}
    (ref,) = await desk.found("builders winter")
    assert ref == f"item:{works.id}"


async def test_an_untouched_folder_is_not_read(desk: Pressroom, reads: list[str]) -> None:
    await desk.update("papers")
    assert await desk.update("papers") == SourceUpdate("papers")
    assert reads == ["report.md"]


async def test_a_document_that_is_added_is_news_and_one_that_is_edited_a_revision(
    desk: Pressroom, papers: Path
) -> None:
    await desk.update("papers")
    (papers / "letter.md").write_text(f"# Letter\n\n{PILLAR} Signed by the builders.\n")
    rewrite(papers / "report.md", REPORT.replace("20 million", "30 million"))
    assert await desk.update("papers") == SourceUpdate("papers", new=1, revised=1, unchanged=1)
    letter = (await desk.items())[-1]
    assert (letter.title, letter.baseline) == ("Letter", False)


async def test_a_document_that_is_taken_away_is_withdrawn_and_comes_back(desk: Pressroom, papers: Path) -> None:
    await desk.update("papers")
    rewrite(papers / "other.md", f"# Other\n\n{PILLAR} And more.\n")
    await desk.update("papers")
    (papers / "report.md").unlink()
    assert await desk.update("papers") == SourceUpdate("papers", unchanged=1, withdrawn=2)
    works, payment, other = await desk.items()
    assert works.withdrawn_at == payment.withdrawn_at == desk.clock()
    assert other.withdrawn_at is None
    assert await desk.found("bank dollars") == []
    async with desk.archive.read() as connection:
        assert [item.id for item in await items.latest(connection, section=None, limit=9)] == [other.id]
        told = await events.members(connection, [works.event_id or 0, payment.event_id or 0])
        assert [item.id for event in told for item in event.items if item.id != other.id] == []
    (papers / "report.md").write_text(REPORT)
    assert await desk.update("papers") == SourceUpdate("papers", unchanged=3)
    works, payment, other = await desk.items()
    assert works.withdrawn_at is payment.withdrawn_at is None
    assert (works.revision, payment.revision) == (1, 1)
    assert len(await desk.found("bank dollars")) == 1


async def test_a_withdrawn_document_is_no_original_for_later_copies(desk: Pressroom, papers: Path) -> None:
    await desk.update("papers")
    (papers / "report.md").unlink()
    await desk.update("papers")
    desk.publish("agency", Entry("a", "Report on the bridge", PILLAR))
    await desk.update("agency")
    assert (await desk.items("agency"))[0].duplicate_of is None


async def test_a_section_that_left_its_document_is_withdrawn(desk: Pressroom, papers: Path) -> None:
    await desk.update("papers")
    rewrite(papers / "report.md", REPORT.partition("## Payment")[0])
    assert await desk.update("papers") == SourceUpdate("papers", unchanged=1, withdrawn=1)


async def test_a_document_that_cannot_be_read_keeps_its_items_and_gets_a_second_try(
    desk: Pressroom, papers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.update("papers")
    real: Callable[..., object] = documents.read_document
    broken = {"report.md"}

    def read(path: Path, root: Path | None = None) -> object:
        if path.name in broken:
            raise ParseError("reading it took longer than 60 s and was stopped")
        return real(path, root)

    monkeypatch.setattr(documents, "read_document", read)
    rewrite(papers / "report.md", REPORT.replace("20 million", "30 million"))
    (papers / "letter.md").write_text(f"# Letter\n\n{PILLAR} Signed.\n")
    assert await desk.update("papers") == SourceUpdate("papers", new=1)
    broken.clear()
    assert await desk.update("papers") == SourceUpdate("papers", revised=1, unchanged=1)
    assert await desk.update("papers") == SourceUpdate("papers")
    assert all(item.withdrawn_at is None for item in await desk.items())


async def test_a_folder_that_is_not_there_is_a_failure_and_withdraws_nothing(desk: Pressroom, papers: Path) -> None:
    await desk.update("papers")
    papers.rename(papers.with_name("elsewhere"))
    error = (await desk.update("papers")).error
    assert error is not None
    assert "no folder 'papers'" in error
    assert all(item.withdrawn_at is None for item in await desk.items())
    papers.with_name("elsewhere").rename(papers)
    assert (await desk.update("papers")).error is None
    assert (await desk.state("papers")).next_try_at == pytest.approx(
        desk.clock() + timedelta(hours=1), abs=timedelta(minutes=7)
    )
