"""What the fakes accepted, read as a member of the channel would: which edition, which part, how many times."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chaos.model import Plan
from tests.fakes.discord.model import Channel, Kind, Message
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.slack.server import FakeSlack

_NEXT = re.compile(r"[Nn]ext edition\W*<(?:!date\^|t:)(\d+)")
_PART = re.compile(r"\((\d+)/(\d+)\)\W*$")
_MISSED = re.compile(r"(\d+) earlier editions? (?:was|were) missed")

Key = tuple[str, datetime]


@dataclass(frozen=True)
class Post:
    """One accepted message."""

    id: str
    text: str
    at: float

    @property
    def part(self) -> tuple[int, int]:
        """Its number, and how many there are."""
        found = _PART.search(self.text)
        return (int(found[1]), int(found[2])) if found else (1, 1)


@dataclass
class Edition:
    """A first part with what stands in its thread."""

    posts: list[Post] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        parts = [post.part for post in self.posts]
        return any({(n, total) for n in range(1, total + 1)} <= set(parts) for _, total in parts)

    @property
    def doubled(self) -> int:
        return sum(count - 1 for count in Counter(post.part for post in self.posts).values())

    @property
    def missed(self) -> int:
        found = _MISSED.search(self.posts[0].text)
        return int(found[1]) if found else 0

    @property
    def next_at(self) -> datetime | None:
        for post in reversed(self.posts):
            if found := _NEXT.search(post.text):
                return datetime.fromtimestamp(int(found[1]), UTC)
        return None


@dataclass
class Reader:
    """Both fakes' channels. ``channels`` names the destinations that editions go to."""

    slack: FakeSlack
    discord: FakeDiscord
    plans: Mapping[str, Plan]
    """By the name that stands at the top of each edition."""
    channels: tuple[str, ...]
    _texts: dict[str, str] = field(default_factory=dict)

    def editions(self, channel: str) -> list[Edition]:
        """The editions of a destination, oldest first."""
        platform, _, name = channel.partition(":")
        found = self._slack(name) if platform == "slack" else self._discord(self.discord.world.channels[int(name)])
        return list(found)

    def known(self, channel: str, *, newest: int | None = None) -> dict[Key, list[Edition]]:
        """The destination's editions (or the ``newest`` of them) by digest and time; one that cannot be told is at
        ("?", …)."""
        editions = self.editions(channel)
        found: dict[Key, list[Edition]] = defaultdict(list)
        for edition in editions if newest is None else editions[-newest:]:
            found[self.key(edition)].append(edition)
        return found

    def has(self, channel: str, key: Key) -> bool:
        """Whether the whole edition stands in the destination."""
        return any(edition.is_whole for edition in self.known(channel, newest=12).get(key, ()))

    def key(self, edition: Edition) -> Key:
        first = edition.posts[0].text.lstrip("* #\n")
        plan = next((plan for name, plan in self.plans.items() if first.startswith(name)), None)
        upcoming = edition.next_at
        if plan is None or upcoming is None:
            return ("?", datetime.fromtimestamp(edition.posts[0].at, UTC))
        return (plan.id, plan.last_before(upcoming))

    def _slack(self, channel: str) -> Iterator[Edition]:
        threads: dict[str, Edition] = {}
        for message in self.slack.channels[channel].messages.values():
            top = message.get("thread_ts", message["ts"])
            post = Post(message["ts"], self._text(f"s{channel}{message['ts']}", message), float(message["ts"]))
            threads.setdefault(top, Edition()).posts.append(post)
        yield from threads.values()

    def _text(self, key: str, message: Mapping[str, Any]) -> str:
        if key not in self._texts:
            self._texts[key] = "\n".join(_strings(message.get("blocks") or message.get("text")))
        return self._texts[key]

    def _discord(self, channel: Channel) -> Iterator[Edition]:
        threads = {thread.id: thread for thread in (channel.guild.threads if channel.guild else ())}
        if channel.kind is Kind.FORUM:
            for thread in sorted(threads.values(), key=lambda thread: thread.id):
                if thread.parent is channel and thread.messages:
                    yield Edition([self._post(message) for message in thread.messages.values()])
            return
        for message in channel.messages.values():
            below = threads.get(message.id)
            answers = below.messages.values() if below else ()
            yield Edition([self._post(message), *(self._post(answer) for answer in answers)])

    def _post(self, message: Message) -> Post:
        key = f"d{message.id}"
        if key not in self._texts:
            self._texts[key] = message.text
        return Post(str(message.id), self._texts[key], message.at)


def _strings(value: Any) -> Iterator[str]:
    """Every text in Slack's blocks, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
    elif isinstance(value, dict):
        yield from (value["text"],) if isinstance(value.get("text"), str) else ()
        for name in ("text", "elements", "fields"):
            if not isinstance(value.get(name), str):
                yield from _strings(value.get(name))
