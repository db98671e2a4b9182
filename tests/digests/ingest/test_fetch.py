"""Guarded HTTP against a server on loopback."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from digests.errors import FetchError, UnsafeAddress
from digests.ingest import fetch as fetching
from digests.ingest.fetch import Fetcher, FetchLimits, FetchRequest, FetchResult, retry_after
from digests.ingest.politeness import HostGate
from tests.fakes.feedserver import Entry, FeedServer, Reply, rss

QUICK = FetchLimits(spacing=0.0)
FEED = rss(Entry("1", "Japan joins"))


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with FeedServer() as running:
        yield running


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(limits=QUICK) as running:
        yield running


async def get(fetcher: Fetcher, url: str, **options: object) -> FetchResult:
    return await fetcher.fetch(FetchRequest(url, allow_private=True, **options))  # type: ignore[arg-type]


class Names(AbstractResolver):
    """A name server that gives these answers, one after another."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        self.asked += 1
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        pass


async def test_a_document_comes_with_its_validators_type_and_charset(server: FeedServer, fetcher: Fetcher) -> None:
    server.put(
        "/f", FEED, etag='"v1"', last_modified="Mon, 01 Jun 2026 06:00:00 GMT", content_type="text/xml; charset=EUC-JP"
    )
    result = await get(fetcher, server.url("/f"))
    assert (result.status, result.body, result.not_modified) == (200, FEED, False)
    assert (result.etag, result.last_modified) == ('"v1"', "Mon, 01 Jun 2026 06:00:00 GMT")
    assert (result.content_type, result.charset) == ("text/xml; charset=EUC-JP", "euc-jp")
    assert result.final_url == server.url("/f")


async def test_requests_name_the_bot_and_send_no_cookies_back(server: FeedServer, fetcher: Fetcher) -> None:
    server.put("/f", FEED, headers={"Set-Cookie": "session=1"})
    await get(fetcher, server.url("/f"))
    await get(fetcher, server.url("/f"))
    headers = server.requests[1].headers
    assert headers["User-Agent"].startswith("Kakehashi/")
    assert "Cookie" not in headers
    assert "rss" in headers["Accept"]


async def test_an_unchanged_document_is_not_sent_again(server: FeedServer, fetcher: Fetcher) -> None:
    server.put("/f", FEED, etag='"v1"')
    first = await get(fetcher, server.url("/f"))
    again = await get(fetcher, server.url("/f"), etag=first.etag, last_modified=first.last_modified)
    assert (again.status, again.not_modified, again.body, again.etag) == (304, True, b"", '"v1"')
    server.put("/f", b"changed", etag='"v2"')
    assert (await get(fetcher, server.url("/f"), etag=first.etag)).body == b"changed"


async def test_last_modified_alone_makes_a_request_conditional(server: FeedServer, fetcher: Fetcher) -> None:
    server.put("/f", FEED, last_modified="Mon, 01 Jun 2026 06:00:00 GMT")
    result = await get(fetcher, server.url("/f"), last_modified="Mon, 01 Jun 2026 06:00:00 GMT")
    assert result.not_modified
    assert result.last_modified == "Mon, 01 Jun 2026 06:00:00 GMT"


async def test_unchanged_without_having_been_asked_is_an_error(server: FeedServer, fetcher: Fetcher) -> None:
    server.put("/f", status=304)
    with pytest.raises(FetchError, match="304"):
        await get(fetcher, server.url("/f"))


@pytest.mark.parametrize("how", ["gzip", "deflate"])
async def test_compressed_documents_are_unpacked(server: FeedServer, fetcher: Fetcher, how: str) -> None:
    server.put("/f", FEED, compress=how)
    assert (await get(fetcher, server.url("/f"))).body == FEED


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(FEED), ""),
        (gzip.compress(FEED[:100]) + gzip.compress(FEED[100:]), "gzip"),
        (gzip.compress(gzip.compress(FEED)), "gzip, gzip"),
        (zlib.compress(FEED)[2:-4], "deflate"),
        (FEED, "gzip"),
        (FEED, "identity"),
        (gzip.compress(FEED) + b"\0" * 10, "x-gzip"),
    ],
    ids=["gz file", "two members", "twice", "raw deflate", "lying", "identity", "padded"],
)
async def test_odd_compression_is_understood(server: FeedServer, fetcher: Fetcher, body: bytes, encoding: str) -> None:
    server.put("/f", body, headers={"Content-Encoding": encoding} if encoding else {})
    assert (await get(fetcher, server.url("/f"))).body == FEED


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip, gzip"])
async def test_compression_that_was_not_asked_for_is_refused(
    server: FeedServer, fetcher: Fetcher, encoding: str
) -> None:
    server.put("/f", b"\x8b\x02\x80", headers={"Content-Encoding": encoding})
    with pytest.raises(FetchError, match="compressed"):
        await get(fetcher, server.url("/f"))


@pytest.mark.parametrize(
    "body", [gzip.compress(FEED)[:-20], gzip.compress(FEED)[:30] + b"x" * 60], ids=["cut", "damaged"]
)
async def test_damaged_compression_is_an_error(server: FeedServer, fetcher: Fetcher, body: bytes) -> None:
    server.put("/f", body, headers={"Content-Encoding": "gzip"})
    with pytest.raises(FetchError, match="compressed document"):
        await get(fetcher, server.url("/f"))


async def test_a_bomb_is_stopped_while_it_unpacks(server: FeedServer, fetcher: Fetcher) -> None:
    bomb = gzip.compress(gzip.compress(bytes(64 << 20)))
    server.put("/f", bomb, headers={"Content-Encoding": "gzip, gzip"})
    with pytest.raises(FetchError, match="larger than 1 MiB"):
        await get(fetcher, server.url("/f"), max_bytes=1 << 20)


@pytest.mark.parametrize("declared", [True, False])
async def test_a_document_over_the_limit_is_not_read(server: FeedServer, fetcher: Fetcher, declared: bool) -> None:
    server.put("/f", b"x" * 5_000 if declared else b"", chunks=None if declared else [b"x" * 500] * 10)
    with pytest.raises(FetchError, match="larger"):
        await get(fetcher, server.url("/f"), max_bytes=4_000)


async def test_an_endless_body_is_stopped(server: FeedServer, fetcher: Fetcher) -> None:
    server.put("/f", endless=b"<item/>" * 10_000)
    with pytest.raises(FetchError, match="larger"):
        await get(fetcher, server.url("/f"), max_bytes=1 << 20)


@pytest.mark.parametrize(
    ("limits", "reply"),
    [
        (FetchLimits(read=0.1), Reply(delay=30)),
        (FetchLimits(read=0.1), Reply(chunks=[b"<rss>", b"</rss>"], pause=30)),
        (FetchLimits(total=0.3), Reply(endless=b"<", pause=0.02)),
    ],
    ids=["silent", "stalls", "drips"],
)
async def test_a_slow_server_is_left(server: FeedServer, limits: FetchLimits, reply: Reply) -> None:
    server.answer("/f", reply)
    async with Fetcher(limits=limits) as fetcher:
        with pytest.raises(FetchError, match="took too long"):
            await get(fetcher, server.url("/f"))


async def test_redirects_are_followed_and_told(server: FeedServer, fetcher: Fetcher) -> None:
    server.redirect("/a", "/b?x=1", 301)
    server.redirect("/b?x=1", server.url("/c"), 308)
    server.redirect("/c", "d", 302)
    server.put("/d", FEED)
    result = await get(fetcher, server.url("/a"))
    assert result.body == FEED
    assert result.final_url == server.url("/d")
    assert result.hops == (server.url("/a"), server.url("/b?x=1"), server.url("/c"))
    assert result.moved_to == server.url("/c")
    assert not result.downgraded


def test_a_step_from_https_to_http_is_recorded() -> None:
    trail = fetching._Trail()
    trail.follow("http://a.example/", fetching._Redirect(301, ""), "https://a.example/")
    assert not trail.downgraded
    trail.follow("https://a.example/", fetching._Redirect(301, ""), "http://b.example/")
    assert trail.downgraded


async def test_redirects_in_a_circle_are_refused(server: FeedServer, fetcher: Fetcher) -> None:
    server.redirect("/a", "/b#part")
    server.redirect("/b", "/a")
    with pytest.raises(FetchError, match="circle"):
        await get(fetcher, server.url("/a"))
    assert len(server.requests) == 2


async def test_at_most_five_redirects_are_followed(server: FeedServer, fetcher: Fetcher) -> None:
    for number in range(7):
        server.redirect(f"/{number}", f"/{number + 1}")
    server.put("/7", FEED)
    assert (await get(fetcher, server.url("/2"))).body == FEED
    with pytest.raises(FetchError, match="more than 5 redirects"):
        await get(fetcher, server.url("/1"))


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://2852039166/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://user:secret@example.org/",
        "http://[::ffff:127.0.0.1]/",
        "gopher://127.0.0.1:6379/_",
    ],
)
async def test_no_redirect_leads_to_a_place_that_is_not_allowed(
    server: FeedServer, fetcher: Fetcher, location: str
) -> None:
    server.redirect("/a", location)
    with pytest.raises(UnsafeAddress, match="redirected"):
        await get(fetcher, server.url("/a"))


@pytest.mark.parametrize("location", ["http://[", "http://", "http://a\x80b\xff/"])
async def test_redirects_to_nonsense_are_refused(server: FeedServer, fetcher: Fetcher, location: str) -> None:
    server.redirect("/a", location)
    with pytest.raises(FetchError):
        await get(fetcher, server.url("/a"))


async def test_loopback_is_refused_unless_the_source_allows_it(server: FeedServer, fetcher: Fetcher) -> None:
    server.put("/f", FEED)
    with pytest.raises(UnsafeAddress, match=r"loopback.*allow_private"):
        await fetcher.fetch(FetchRequest(server.url("/f")))
    assert not server.requests


async def test_a_name_that_leads_to_this_machine_is_refused(server: FeedServer) -> None:
    server.put("/f", FEED)
    async with Fetcher(limits=QUICK, resolver=Names(["127.0.0.1", "::1"])) as fetcher:
        with pytest.raises(UnsafeAddress, match=r"news\.example leads to 127\.0\.0\.1, a loopback address"):
            await fetcher.fetch(FetchRequest(server.url("/f", "news.example")))
        assert not server.requests
        assert (await get(fetcher, server.url("/f", "news.example"))).body == FEED


async def test_the_address_that_was_checked_is_the_one_connected_to(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the name answers harmlessly at first and with this machine's address when asked again."""
    connected: list[str] = []

    def record(*, allow_private: bool) -> Callable[..., socket.socket]:
        def create(info: tuple[object, ...]) -> socket.socket:
            connected.append(info[4][0])  # type: ignore[index]
            raise OSError("no network in tests")

        return create

    monkeypatch.setattr(fetching, "guarded_socket", record)
    names = Names(["8.8.4.4"], ["127.0.0.1"])
    async with Fetcher(limits=QUICK, resolver=names) as fetcher:
        with pytest.raises(FetchError, match="no connection"):
            await fetcher.fetch(FetchRequest(server.url("/f", "rebind.example")))
        assert (connected, names.asked) == (["8.8.4.4"], 1)
        with pytest.raises(UnsafeAddress):
            await fetcher.fetch(FetchRequest(server.url("/f", "rebind.example")))
    assert connected == ["8.8.4.4"]


async def test_refused_addresses_of_a_name_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[str] = []

    def record(*, allow_private: bool) -> Callable[..., socket.socket]:
        def create(info: tuple[object, ...]) -> socket.socket:
            connected.append(info[4][0])  # type: ignore[index]
            raise OSError("no network in tests")

        return create

    monkeypatch.setattr(fetching, "guarded_socket", record)
    async with Fetcher(limits=QUICK, resolver=Names(["10.0.0.1", "8.8.4.4", "::ffff:10.0.0.1"])) as fetcher:
        with pytest.raises(FetchError):
            await fetcher.fetch(FetchRequest("http://mixed.example/"))
    assert connected == ["8.8.4.4"]


async def test_a_name_that_does_not_exist_is_told_plainly() -> None:
    class Nothing(Names):
        async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
            raise OSError("Name or service not known")

    async with Fetcher(limits=QUICK, resolver=Nothing()) as fetcher:
        with pytest.raises(FetchError, match=r"the name gone\.example cannot be resolved"):
            await fetcher.fetch(FetchRequest("https://gone.example/feed"))


async def test_proxies_of_the_environment_are_not_used(
    server: FeedServer, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    server.put("/f", FEED)
    assert (await get(fetcher, server.url("/f"))).body == FEED


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "refuses"),
        (404, "no such document"),
        (410, "for good"),
        (429, "fewer requests"),
        (503, "fault"),
        (204, "unexpected"),
    ],
)
async def test_refusals_are_told_with_their_status(
    server: FeedServer, fetcher: Fetcher, status: int, words: str
) -> None:
    server.put("/f", status=status)
    with pytest.raises(FetchError, match=words) as caught:
        await get(fetcher, server.url("/f"))
    assert caught.value.status == status
    assert caught.value.retry_after is None


async def test_the_wish_for_a_pause_is_passed_on(server: FeedServer, fetcher: Fetcher) -> None:
    server.put("/f", status=429, headers={"Retry-After": "120"})
    with pytest.raises(FetchError) as caught:
        await get(fetcher, server.url("/f"))
    assert caught.value.retry_after == 120.0


def test_retry_after_may_be_a_date_and_is_bounded() -> None:
    now = datetime(2026, 6, 1, 6, 0, tzinfo=UTC)
    assert retry_after(format_datetime(now + timedelta(minutes=5), usegmt=True), now) == 300.0
    assert retry_after(format_datetime(now - timedelta(minutes=5), usegmt=True), now) == 0.0
    assert retry_after("9" * 400, now) == 86_400.0
    assert [retry_after(header, now) for header in (None, "", "soon", "-5", "²")] == [None] * 5


async def test_a_broken_connection_is_told_plainly(server: FeedServer, fetcher: Fetcher) -> None:
    server.put("/f", b"<rss>", cut=True)
    with pytest.raises(FetchError, match="broke the connection off"):
        await get(fetcher, server.url("/f"))


async def test_an_answer_that_is_no_http_is_told_plainly(fetcher: Fetcher) -> None:
    async def nonsense(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(nonsense, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        with pytest.raises(FetchError, match=r"not understood|broke"):
            await get(fetcher, f"http://127.0.0.1:{port}/")


async def test_a_refused_connection_is_told_plainly(fetcher: Fetcher) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(FetchError, match="no connection to 127"):
        await get(fetcher, f"http://127.0.0.1:{port}/")


async def test_one_host_gets_two_requests_at_once(server: FeedServer, fetcher: Fetcher) -> None:
    for number in range(6):
        server.put(f"/{number}", FEED, delay=0.05)
    results = await asyncio.gather(*(get(fetcher, server.url(f"/{number}")) for number in range(6)))
    assert all(result.body == FEED for result in results)
    assert server.at_once == 2


async def test_requests_to_one_host_are_spaced() -> None:
    gate = HostGate(overall=10, per_host=10, spacing=0.05, patience=10)
    loop = asyncio.get_running_loop()
    began = loop.time()
    starts: list[float] = []

    async def visit(host: str) -> None:
        async with gate.turn(host):
            starts.append(loop.time() - began)

    await asyncio.gather(*(visit("a.example") for _ in range(4)))
    assert sorted(starts)[3] >= 0.149
    assert sorted(starts)[2] >= 0.099


async def test_all_hosts_together_get_so_many_requests_at_once() -> None:
    gate = HostGate(overall=3, per_host=2, spacing=0.0, patience=10)
    inside, most = 0, 0

    async def visit(host: str) -> None:
        nonlocal inside, most
        async with gate.turn(host):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(visit(f"{number}.example") for number in range(12)))
    assert most == 3


async def test_a_slow_host_keeps_nobody_from_another_one() -> None:
    gate = HostGate(overall=2, per_host=1, spacing=0.0, patience=10)
    async with gate.turn("slow.example"):
        waiting = [asyncio.create_task(gate.turn("slow.example").__aenter__()) for _ in range(5)]
        await asyncio.sleep(0)
        async with asyncio.timeout(5), gate.turn("quick.example"):
            pass
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_waiting_for_a_turn_ends() -> None:
    gate = HostGate(overall=2, per_host=1, spacing=0.0, patience=0.05)
    async with gate.turn("busy.example"):
        with pytest.raises(FetchError, match=r"other requests to busy\.example"):
            async with gate.turn("busy.example"):
                pass


async def test_a_cancelled_request_gives_its_turn_back(server: FeedServer, fetcher: Fetcher) -> None:
    server.put("/slow", FEED, delay=30)
    server.put("/f", FEED)
    tasks = [asyncio.create_task(get(fetcher, server.url("/slow"))) for _ in range(2)]
    while len(server.requests) < 2:
        await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(10):
        assert (await get(fetcher, server.url("/f"))).body == FEED
