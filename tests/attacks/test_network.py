"""Where a feed may lead: redirects, names and spellings of addresses, in a little internet of its own.

Every public address leads to one server on loopback, and what is really connected to is written down. The guards are
the bot's own: only the last step, the connection itself, is bent to loopback.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

from digests.archive import Archive
from digests.ingest import fetch as fetching
from digests.ingest.addresses import guarded_socket
from digests.ingest.fetch import Fetcher
from digests.search.index import open_index
from digests.story import Story
from tests.attacks.conftest import LIMITS
from tests.attacks.corpus import Case, each
from tests.conftest import StoppedClock
from tests.fakes.feedserver import Entry, FeedServer, rss
from tests.fakes.pressroom import PILLAR, Pressroom, feed

PUBLIC = "93.184.215.14"
START = "http://news.example/feed"
NAMES: Mapping[str, Sequence[Sequence[str]]] = {
    "news.example": [[PUBLIC]],
    "other.example": [["8.8.4.4"]],
    "inside.example": [["10.0.0.5"]],
    "loop.example": [["127.0.0.1", "::1"]],
    "cloud.example": [["169.254.169.254"]],
    "mapped.example": [["::ffff:10.0.0.5"]],
    "mixed.example": [["10.0.0.5", "8.8.4.4", "::1"]],
    "rebind.example": [["8.8.4.4"], ["127.0.0.1"]],
    "nothing.example": [[]],
}


class Names(AbstractResolver):
    """A name server; a name with several answers gives them one after another."""

    def __init__(self) -> None:
        self.left = {name: list(answers) for name, answers in NAMES.items()}

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        answers = self.left.get(host)
        if answers is None:
            raise OSError("no such name")
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        kinds = {address: socket.AF_INET6 if ":" in address else socket.AF_INET for address in found}
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)
            for address, kind in kinds.items()
        ]

    async def close(self) -> None: ...


@dataclass
class Internet:
    """``connected``: the addresses that were connected to, in order."""

    server: FeedServer
    connected: list[str] = field(default_factory=list)

    def sockets(self, guarded: Callable[..., Callable[[AddrInfoType], socket.socket]]) -> Callable[..., object]:
        port = int(self.server.url("").rpartition(":")[2])
        connected = self.connected

        class Bent(socket.socket):
            def connect(self, address: tuple[str, int]) -> None:  # type: ignore[override]
                connected.append(address[0])
                super().connect(("127.0.0.1", port))

        def factory(*, allow_private: bool) -> Callable[[AddrInfoType], socket.socket]:
            check = guarded(allow_private=allow_private)

            def create(info: AddrInfoType) -> socket.socket:
                check(info).close()
                return Bent(socket.AF_INET, socket.SOCK_STREAM)

            return create

        return factory


@pytest.fixture
def internet(server: FeedServer, monkeypatch: pytest.MonkeyPatch) -> Internet:
    made = Internet(server)
    monkeypatch.setattr(fetching, "guarded_socket", made.sockets(guarded_socket))
    return made


@dataclass(frozen=True, kw_only=True)
class Way(Case):
    """``to`` is where the source's feed redirects; ``start`` is the source's own address. ``error`` None: it is read.

    ``connected`` is what may have been connected to in the end.
    """

    to: str | None = None
    start: str = START
    error: str | None = "redirected to a place that is not allowed"
    connected: tuple[str, ...] = (PUBLIC,)
    allow_private: bool = False


REFUSED = "refused: nothing but the redirecting server is connected to"


def redirect(name: str, *urls: str) -> tuple[Way, ...]:
    return tuple(Way(name=f"a redirect to {name}: {url}", expected=REFUSED, to=url) for url in urls)


def own(name: str, start: str, error: str) -> Way:
    expected = "refused: nothing is connected to"
    return Way(name=f"a source at {name}", expected=expected, start=start, error=error, connected=())


CASES: tuple[Way, ...] = (
    Way(name="a redirect to another public server", expected="followed", to="http://other.example/ok", error=None,
        connected=(PUBLIC, "8.8.4.4")),
    *redirect("loopback", "http://127.0.0.1/", "http://127.255.0.1:8080/", "http://[::1]/"),
    *redirect("loopback by name", "http://localhost/", "http://a.localhost/", "http://localhost./", "http://LOCALHOST/"),
    *redirect("loopback as one number", "http://2130706433/", "http://0x7f000001/", "http://017700000001/"),
    *redirect("loopback in octal and hexadecimal", "http://0177.0.0.1/", "http://0x7f.0.0.0x1/"),
    *redirect("loopback, shortened", "http://127.1/", "http://0/"),
    *redirect("loopback in other digits", "http://１２７.0.0.1/", "http://①②⑦.0.0.①/", "http://127。0。0。1/"),
    *redirect("loopback with a dot at its end", "http://127.0.0.1./"),
    *redirect("loopback as a mapped address", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
    *redirect("loopback as a compatible address", "http://[::127.0.0.1]/"),
    *redirect("loopback through NAT64", "http://[64:ff9b::7f00:1]/"),
    *redirect("loopback through 6to4", "http://[2002:7f00:1::]/"),
    *redirect("loopback through Teredo", "http://[2001:0:7f00:1::]/"),
    *redirect("loopback with a zone", "http://[fe80::1%25lo]/"),
    *redirect("a private address", "http://10.0.0.1/", "http://172.16.9.9/", "http://192.168.1.1/", "http://[fd12::1]/"),
    *redirect("an address behind a provider's NAT", "http://100.64.0.1/"),
    *redirect("a link-local address", "http://169.254.7.7/", "http://[fe80::1]/"),
    *redirect(
        "a cloud's metadata",
        "http://169.254.169.254/latest/meta-data/iam/",
        "http://[fd00:ec2::254]/latest/",
        "http://168.63.129.16/machine",
        "http://100.100.100.200/latest/",
        "http://metadata.google.internal/computeMetadata/v1/",
    ),
    *redirect(
        "a cloud's metadata in disguise",
        "http://2852039166/",
        "http://0xa9.0xfe.0xa9.0xfe/",
        "http://0251.0376.0251.0376/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://169.254.43518/",
    ),
    *redirect("an unspecified address", "http://0.0.0.0/", "http://[::]/"),
    *redirect("a multicast or broadcast address", "http://224.0.0.1/", "http://255.255.255.255/"),
    *redirect("a file", "file:///etc/passwd"),
    *redirect("another protocol", "gopher://127.0.0.1:6379/_FLUSHALL", "ftp://news.example/", "dict://127.0.0.1:11211/"),
    *redirect("javascript: and data:", "javascript:alert(1)", "data:text/xml,<rss/>"),
    *redirect("a place with a user's name", "http://other.example@127.0.0.1/", "http://a:b@other.example/"),
    *redirect("a place with a backslash", "http://127.0.0.1\\@other.example/"),
    Way(name="a redirect to a name that leads to a private address", expected=REFUSED, to="http://inside.example/",
        error="inside.example leads to 10.0.0.5, a private address"),
    Way(name="a redirect to a name that leads to loopback", expected=REFUSED, to="http://loop.example/",
        error="leads to 127.0.0.1"),
    Way(name="a redirect to a name that leads to metadata", expected=REFUSED, to="http://cloud.example/",
        error="a cloud metadata address"),
    Way(name="a redirect to a name that leads to a mapped address", expected=REFUSED, to="http://mapped.example/",
        error="wraps an IPv4 address"),
    Way(name="a redirect to a name with private and public addresses",
        expected="the public one is connected to, no other", to="http://mixed.example/ok", error=None,
        connected=(PUBLIC, "8.8.4.4")),
    Way(name="a name that answers otherwise when it is asked again (DNS rebinding)",
        expected="the address that was checked is the one connected to; the second answer is refused",
        start="http://rebind.example/feed", to="http://rebind.example/again",
        error="leads to 127.0.0.1, a loopback address", connected=("8.8.4.4",)),
    Way(name="a redirect in a circle", expected="refused at the first repetition", to=START, error="circle"),
    Way(name="redirects without an end", expected="refused after five", to="http://news.example/1",
        error="more than 5 redirects", connected=(PUBLIC,)),
    Way(name="a redirect to no address at all", expected="refused", to="http://", error="."),
    Way(name="a redirect to a megabyte of address", expected="refused", to="http://news.example/" + "a" * 7_000,
        error="."),
    Way(name="a redirect that adds a header (CR LF)", expected="asked for as a path: no such header is sent",
        to="http://news.example/x%0d%0aX-Evil: 1", error="HTTP 404", connected=(PUBLIC,)),
    own("loopback", "http://127.0.0.1/feed", "loopback"),
    own("a private address", "http://192.168.0.10/feed", "private"),
    own("a decimal address", "http://3232235530/feed", "disguise"),
    own("a name of this network", "http://wiki.internal/feed", "name of this machine or network"),
    own("a name that leads to a private address", "http://inside.example/feed", "private"),
    own("a name without addresses", "http://nothing.example/feed", "."),
    Way(name="a source at a metadata address that allows private addresses",
        expected="refused all the same", start="http://169.254.169.254/feed", error="metadata", connected=(),
        allow_private=True),
    Way(name="a redirect to metadata from a source that allows private addresses",
        expected="refused all the same", to="http://169.254.169.254/", error="metadata", allow_private=True),
)  # fmt: skip


@pytest.mark.parametrize("case", each(CASES))
async def test_a_way_that_a_feed_may_take(
    case: Way, internet: Internet, server: FeedServer, archive: Archive, tiny: Story, clock: StoppedClock
) -> None:
    served = rss(Entry("1", "Third pillar of the bridge", PILLAR))
    for path in ("/again", "/ok", "/"):
        server.put(path, served)
    if case.to is not None:
        # Each hop is connected to anew: a kept connection would not ask for the name again.
        server.put("/feed", status=302, headers={"Location": case.to, "Connection": "close"})
    for number in range(1, 9):
        server.redirect(f"/{number}", f"/{number + 1}")
    source = feed("courier", url=case.start, allow_private=case.allow_private)
    async with Fetcher(limits=LIMITS, resolver=Names()) as fetcher:
        press = Pressroom(archive, tiny, await open_index(archive), clock, fetcher=fetcher, sources=[source])
        told = await press.update()
    assert tuple(dict.fromkeys(internet.connected)) == case.connected
    if case.error is None:
        assert (told.error, told.new) == (None, 1)
    else:
        assert told.error is not None
        assert re.search(case.error, told.error)
        assert await press.items() == []
    assert not any("x-evil" in name.lower() for seen in server.requests for name in seen.headers)
