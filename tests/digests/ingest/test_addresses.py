"""Which addresses and spellings of addresses are refused."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.errors import UnsafeAddress
from digests.ingest.addresses import RefusedAddressError, check_url, guarded_socket, why_refused

REFUSED = {
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "::1": "loopback",
    "10.0.0.1": "private",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.1.1": "private",
    "100.64.0.1": "private",
    "fc00::1": "private",
    "fdff::1": "private",
    "fec0::1": "private",
    "169.254.1.1": "link-local",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "169.254.169.254": "metadata",
    "169.254.170.2": "metadata",
    "168.63.129.16": "metadata",
    "100.100.100.200": "metadata",
    "192.0.0.192": "metadata",
    "fd00:ec2::254": "metadata",
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "224.0.0.1": "multicast",
    "239.255.255.250": "multicast",
    "255.255.255.255": "reserved",
    "240.0.0.1": "reserved",
    "::": "unspecified",
    "ff02::1": "multicast",
    "192.0.2.1": "reserved",
    "198.18.0.1": "reserved",
    "198.51.100.1": "reserved",
    "203.0.113.1": "reserved",
    "192.88.99.1": "reserved",
    "2001:db8::1": "reserved",
    "::ffff:127.0.0.1": "wraps",
    "::ffff:8.8.8.8": "wraps",
    "::127.0.0.1": "wraps",
    "64:ff9b::7f00:1": "wraps",
    "64:ff9b:1::a00:1": "wraps",
    "2002:7f00:1::": "wraps",
    "2001:0:7f00:1::": "wraps",
    "4000::1": "not in public use",
    "localhost": "no address",
}


@pytest.mark.parametrize(("address", "why"), REFUSED.items(), ids=REFUSED)
def test_special_addresses_are_refused(address: str, why: str) -> None:
    assert why in (why_refused(address) or "allowed")


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"]
)
def test_public_addresses_are_allowed(address: str) -> None:
    assert why_refused(address) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "100.64.0.1", "fe80::1", "fd12::1"])
def test_a_source_may_allow_private_addresses(address: str) -> None:
    assert why_refused(address, allow_private=True) is None


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fd00:ec2::254", "224.0.0.1", "255.255.255.255", "::ffff:127.0.0.1", "0.0.0.0"]
)
def test_some_addresses_are_refused_whatever_the_source_allows(address: str) -> None:
    assert why_refused(address, allow_private=True)


@given(st.ip_addresses(v=4))
def test_no_wrapping_makes_an_address_acceptable(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for prefix in ("::ffff:0:0", "64:ff9b::", "::"):
        assert why_refused(str(ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | number)))
    assert why_refused(str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80))))


@given(st.ip_addresses(v=4))
def test_what_is_allowed_is_globally_routable(address: ipaddress.IPv4Address) -> None:
    if why_refused(str(address)) is None:
        assert address.is_global
        assert not address.is_multicast


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.0.0.1:8080/",
        "http://[::1]/",
        "http://[::ffff:7f00:1]/",
        "http://[0:0:0:0:0:0:0:1]:80/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://①②⑦.0.0.1/",
        "http://%31%32%37.0.0.1/",
        "http://134744072/",
        "http://0x08080808/",
        "http://010.8.8.8/",
        "http:127.0.0.1/",
        "http:\\\\127.0.0.1\\",
        "http://localhost/",
        "http://LOCALHOST.:80/",
        "http://app.localhost/",
        "http://metadata.google.internal/computeMetadata/v1/",
        "http://printer.home.arpa/",
        "http://user@news.example/",
        "http://user:pass@news.example/",
        "http://@news.example/",
        "http://news.example@127.0.0.1/",
        "http://127.0.0.1\\@news.example/",
        "ftp://news.example/",
        "file:///etc/passwd",
        "data:text/xml,<rss/>",
        "javascript:alert(1)",
        "//news.example/",
        "news.example/feed",
        "http://",
        "http://news.example:99999/",
        "http://news.exa\u202emple/",
        "http://news.example/\nHost: other",
        "",
    ],
)
def test_urls_that_lead_astray_are_refused(url: str) -> None:
    with pytest.raises(UnsafeAddress):
        check_url(url)


@pytest.mark.parametrize(
    ("url", "href"),
    [
        ("HTTP://News.Example:80/Feed?a=1", "http://news.example/Feed?a=1"),
        ("https://日本.example/", "https://xn--wgv71a.example/"),
        ("https://8.8.8.8/feed", "https://8.8.8.8/feed"),
        ("https://[2606:4700::1111]/feed", "https://[2606:4700::1111]/feed"),
    ],
)
def test_ordinary_urls_pass(url: str, href: str) -> None:
    assert check_url(url).href == href


def test_names_of_this_machine_pass_when_the_source_allows_them() -> None:
    assert check_url("http://localhost:8000/feed", allow_private=True).hostname == "localhost"


def test_sockets_to_refused_addresses_are_not_even_created() -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))
    with pytest.raises(RefusedAddressError, match="loopback"):
        guarded_socket(allow_private=False)(info)
    guarded_socket(allow_private=True)(info).close()
