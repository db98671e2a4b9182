"""What the archive tells of one subject, by any of its names."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from digests.archive import Archive
from digests.mentions import Recogniser, facts_naming, items_naming, subject_of
from digests.model import Item
from digests.story import Story, load_story
from tests.fakes.shelf import DAY_ONE, put_item

TINY = Path(__file__).parents[1] / "data" / "stories" / "tiny"


@pytest.fixture(scope="module")
def story() -> Story:
    return load_story(TINY)


async def found(archive: Archive, story: Story, asked: str, **span: object) -> list[str]:
    subject = subject_of(asked, story.glossary)

    async def work(connection: object) -> list[Item]:
        return await items_naming(connection, subject, **span)  # type: ignore[arg-type]

    return [item.title for item in await archive.read_at_once(work)]


async def test_one_subject_is_found_under_all_its_names(either_archive: Archive, story: Story) -> None:
    await put_item(either_archive, sections=["building"], title="en", text="The bridge authority met.")
    await put_item(either_archive, sections=["building"], title="ja", text="橋梁公社が橋を発表した。", language="ja")
    uk = "Нарада в Управлінні річкових мостів про міст."
    await put_item(either_archive, sections=["building"], title="uk", text=uk, language="uk")
    await put_item(either_archive, sections=["building"], title="other", text="The mayor spoke of the bridge.")
    for asked in ("RBA", "rba", "橋梁公社", "Управління річкових мостів", "River  Bridge Authority"):
        assert set(await found(either_archive, story, asked)) == {"en", "ja", "uk"}


async def test_false_friends_stay_out(archive: Archive, story: Story) -> None:
    await put_item(archive, sections=["money"], title="mayor", text="Mayor Mori opened the fund.")
    await put_item(archive, sections=["money"], title="museum", text="The Mori Art Museum opened.")
    await put_item(archive, sections=["building"], title="bank", text="RBA raises rates in Sydney.")
    assert await found(archive, story, "Mayor Mori") == ["mayor"]
    assert await found(archive, story, "RBA") == []


async def test_a_name_that_the_glossary_lacks_begins_a_word(archive: Archive, story: Story) -> None:
    await put_item(archive, sections=["money"], title="yes", text="Delays cost money; Lay's report says so.")
    await put_item(archive, sections=["money"], title="no", text="Further delays.")
    await put_item(archive, sections=["money"], title="uk", text="Сказала Зеленська, а не Зеленський.", language="uk")
    assert await found(archive, story, "lay") == ["yes"]
    assert await found(archive, story, "Зеленський") == ["uk"]


@pytest.mark.parametrize("asked", ["%", "_", "a%b", "\\", "(?:", "[", "100 %", "'; DROP TABLE items; --"])
async def test_signs_are_looked_for_as_they_are(archive: Archive, story: Story, asked: str) -> None:
    await put_item(archive, sections=["money"], title="plain", text="Nothing odd here.")
    await put_item(archive, sections=["money"], title="odd", text=f"It says {asked} here.")
    assert await found(archive, story, asked) == ["odd"]


async def test_only_what_is_on_the_story_and_in_the_period_counts(archive: Archive, story: Story) -> None:
    await put_item(archive, title="off topic", text="A ferry.")
    await put_item(archive, sections=["money"], title="gone", text="A ferry.", withdrawn_at=DAY_ONE)
    for days in (-2, 0, 2):
        when = DAY_ONE + timedelta(days=days)
        await put_item(archive, sections=["money"], title=f"{days}", text="A ferry.", published_at=when)
    assert await found(archive, story, "ferry") == ["2", "0", "-2"]
    assert await found(archive, story, "ferry", start=DAY_ONE, end=DAY_ONE + timedelta(days=2)) == ["0"]


def test_facts_are_found_by_actor_and_by_claim(story: Story) -> None:
    assert {fact.id for fact in facts_naming(story.facts, subject_of("橋梁公社", story.glossary))} >= {
        "bu-001",
        "bu-002",
    }


def test_a_subject_is_called_by_its_name_in_the_readers_language(story: Story) -> None:
    subject = subject_of("RBA", story.glossary)
    assert [subject.label(code) for code in ("en", "ja", "uk", "de")] == [
        "River Bridge Authority", "河川橋梁公社", "Управління річкових мостів", "RBA",
    ]  # fmt: skip
    assert subject_of("nobody", story.glossary).label("ja") == "nobody"


def test_a_sentence_names_it_without_the_words_around(story: Story) -> None:
    assert Recogniser(subject_of("RBA", story.glossary)).spelt_in("The RBA agreed.")
