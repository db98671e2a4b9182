"""Which addresses may be connected to, checked where the connection is made.

A name may answer with another address each time it is asked (DNS rebinding), and a redirect may lead anywhere. So the
check is not made on the name beforehand: the connector is given a resolver that hands out only addresses it has
checked, and every socket is checked once more when it is created, for hosts that are written as addresses.

The refused ranges follow the IANA special-purpose address registries (RFC 6890 and its updates).
"""

from __future__ import annotations

import ipaddress
import re
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import can_ada
from aiohttp import AddrInfoType, SocketFactoryType
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from digests.errors import UnsafeAddress, UnsafeUrl
from digests.ingest.urls import parse_web_url

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


_LOOPBACK = _networks("127.0.0.0/8", "::1/128")
_METADATA = _networks(
    "169.254.169.254/32",  # AWS, Azure, Google Cloud, OpenStack, Oracle, DigitalOcean
    "169.254.170.2/32",  # AWS containers
    "168.63.129.16/32",  # Azure, a public address
    "100.100.100.200/32",  # Alibaba Cloud
    "192.0.0.192/32",  # Oracle Cloud
    "fd00:ec2::254/128",  # AWS
    "fd20:ce::254/128",  # Google Cloud
)
_LINK_LOCAL = _networks("169.254.0.0/16", "fe80::/10")
_PRIVATE = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10")
_NEVER = _networks("0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128", "ff00::/8")
_RESERVED = _networks(
    "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "2001:10::/28", "2001:20::/28",
    "2001:2::/48", "100::/64", "3fff::/20", "5f00::/16",
)  # fmt: skip
_WRAPPERS = _networks(
    "::ffff:0:0/96",  # IPv4-mapped
    "::ffff:0:0:0/96",  # IPv4-translated
    "::/96",  # IPv4-compatible
    "64:ff9b::/96",  # NAT64
    "64:ff9b:1::/48",  # NAT64, local
    "2002::/16",  # 6to4
    "2001::/32",  # Teredo
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_KINDS: tuple[tuple[str, tuple[Network, ...], bool], ...] = (
    ("a cloud metadata address", _METADATA, False),
    ("an unspecified, multicast or reserved address", _NEVER, False),
    ("a loopback address", _LOOPBACK, True),
    ("a link-local address", _LINK_LOCAL, True),
    ("a private address", _PRIVATE, True),
    ("an IPv6 address that wraps an IPv4 address", _WRAPPERS, False),
    ("a reserved address", _RESERVED, False),
)
"""What is refused, under which name, and whether ``allow_private`` allows it."""

_LOCAL_NAME = re.compile(r"(?:.*\.)?(?:localhost|localdomain|internal|home\.arpa)|metadata", re.IGNORECASE)


def why_refused(address: str, *, allow_private: bool = False) -> str | None:
    """In plain words why ``address`` may not be connected to, or None when it may.

    ``allow_private`` allows loopback, link-local and private addresses; metadata services, multicast, reserved
    addresses and wrapped IPv4 addresses stay refused.
    """
    try:
        parsed: Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "no address"
    for name, networks, negotiable in _KINDS:
        if any(parsed in network for network in networks if network.version == parsed.version):
            return None if negotiable and allow_private else name
    if isinstance(parsed, IPv6Address) and parsed not in _GLOBAL_V6:
        return "an address that is not in public use"
    return None


def check_url(url: str, *, allow_private: bool = False) -> can_ada.URL:
    """``url`` parsed, if its scheme and the spelling of its host may be requested at all.

    Raises :class:`UnsafeAddress`. Whether the host's *name* leads to an allowed address is decided when it is
    connected to (:class:`GuardedResolver`).
    """
    try:
        parsed = parse_web_url(url)
    except UnsafeUrl as error:
        raise UnsafeAddress(str(error)) from error
    host = parsed.hostname
    literal = host.strip("[]")
    if _is_literal(literal):
        if not host.startswith("[") and _written_host(url) != literal:
            raise UnsafeAddress(f"the host in {url[:80]!r} is an address in disguise ({literal})")
        if why := why_refused(literal, allow_private=allow_private):
            raise UnsafeAddress(f"{literal} is {why}; {_cure(why)}")
    elif not allow_private and _LOCAL_NAME.fullmatch(host):
        raise UnsafeAddress(f"{host!r} is a name of this machine or network; {_cure('private')}")
    return parsed


class GuardedResolver(AbstractResolver):
    """Resolves names and hands out only addresses that may be connected to.

    When a name has both allowed and refused addresses, the refused ones are left out; when it has none that is
    allowed, :class:`RefusedAddressError` is raised.
    """

    def __init__(self, inner: AbstractResolver | None = None, *, allow_private: bool = False) -> None:
        self._inner = inner or ThreadedResolver()
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The allowed addresses of ``host``; OSError when it has none."""
        found = await self._inner.resolve(host, port, family)
        refusals = {answer["host"]: why_refused(answer["host"], allow_private=self._allow_private) for answer in found}
        allowed = [answer for answer in found if refusals[answer["host"]] is None]
        if found and not allowed:
            address, why = next(iter(refusals.items()))
            raise RefusedAddressError(f"{host} leads to {address}, {why}; {_cure(why or '')}")
        return allowed

    async def close(self) -> None:
        """Close the resolver behind."""
        await self._inner.close()


class RefusedAddressError(OSError):
    """Raised inside the connector, which knows only OSError; the fetcher turns it into UnsafeAddress."""


def guarded_socket(*, allow_private: bool) -> SocketFactoryType:
    """What creates the sockets of a connector: refuses, whatever came before, addresses that are not allowed."""

    def create(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        host = str(address[0])
        if why := why_refused(host, allow_private=allow_private):
            raise RefusedAddressError(f"{host} is {why}; {_cure(why)}")
        return socket.socket(family=family, type=kind, proto=protocol)

    return create


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _written_host(url: str) -> str:
    """The host as it was written, before parsing made octal, hexadecimal and decimal spellings look ordinary."""
    rest = re.sub(r"\A\s*[a-zA-Z]+:[/\\]*", "", url)
    authority = re.split(r"[/\\?#\s]", rest, maxsplit=1)[0]
    return authority.partition(":")[0]


def _cure(why: str) -> str:
    if any(word in why for word in ("loopback", "private", "link-local")):
        return "set allow_private for the source if that is meant"
    return "it is never fetched"
