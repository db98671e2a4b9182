"""Links in one canonical form, and refusal of what is no ordinary link."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus, urljoin

import can_ada

from digests.errors import UnsafeUrl

LONGEST = 4_096
"""Characters of a link; longer ones are refused. Google News links have about 500."""

_TRACKING_PREFIXES = ("utm_", "mc_", "hsa_", "pk_", "piwik_", "mtm_", "matomo_", "at_", "_hs", "vero_", "oly_", "wt.")
_TRACKING_NAMES = (
    "fbclid gclid gclsrc dclid gbraid wbraid yclid ysclid msclkid twclid ttclid igshid igsh li_fat_id epik s_cid "
    "mkt_tok ref_src ref_url ocid cmpid ncid xtor smid spm scid s_kwcid ns_mchannel ns_source ns_campaign "
    "ns_linkname ns_fee guccounter guce_referrer guce_referrer_sig _ga _gl _openstat rb_clickid wickedid "
    "__twitter_impression cx_testid cx_testvariant cx_artpos taid sr_share mbid "
    "fb_action_ids fb_action_types fb_ref fb_source action_object_map action_type_map action_ref_map"
)
_TRACKING = frozenset(_TRACKING_NAMES.split())
_RSS_MARKS = frozenset(("ref", "source", "src", "from", "partner", "via", "cmp", "medium", "campaign", "xid"))
"""Parameters that are dropped only when they say that the link came from a feed."""
_RSS_VALUES = frozenset(("rss", "rssfeed", "rss_feed", "feed", "atom"))
_KEPT_WHOLE = frozenset(("news.google.com",))
"""Hosts of redirecting links that work only as they are."""
_REFUSED = re.compile("[\x00-\x20\x7f-\xa0\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")


def canonical_url(url: str, base: str | None = None) -> str:
    """The one form of the web address ``url``: what the archive keeps and compares.

    Relative addresses are taken relative to ``base``. Host in lower case and in Punycode (so that look-alike letters
    show), no fragment, no default port, no tracking parameters; the order of the others is kept. Raises
    :class:`UnsafeUrl` for anything but http and https, for credentials, and for control, white-space and direction
    characters. Idempotent.
    """
    parsed = parse_web_url(url, base)
    rest, _, query = parsed.href.partition("#")[0].partition("?")
    if query and parsed.hostname not in _KEPT_WHOLE:
        query = "&".join(part for part in query.split("&") if part and not _is_tracking(part))
    return f"{rest}?{query}" if query else rest


def parse_web_url(url: str, base: str | None = None) -> can_ada.URL:
    """``url`` parsed as browsers parse it (WHATWG), or :class:`UnsafeUrl` with the reason in plain words."""
    url = url.strip()
    if not url:
        raise UnsafeUrl("the link is empty")
    if len(url) > LONGEST:
        raise UnsafeUrl(f"the link has {len(url)} characters; {LONGEST} are allowed")
    if _REFUSED.search(url):
        url = _without_spaces(url)
    if base is not None and not _SCHEME.match(url):
        url = _joined(base, url)
    return _checked(url)


def _checked(url: str) -> can_ada.URL:
    try:
        parsed = can_ada.parse(url)
    except ValueError as error:
        raise UnsafeUrl(f"{_shown(url)} is no web address") from error
    if parsed.protocol not in ("http:", "https:"):
        raise UnsafeUrl(f"{_shown(url)} begins with {parsed.protocol[:20]!r}; only http and https links are taken")
    if parsed.username or parsed.password or _has_user(url):
        raise UnsafeUrl(f"{_shown(url)} carries a user name before its host; such links mislead about where they go")
    if not parsed.hostname.strip("."):
        raise UnsafeUrl(f"{_shown(url)} names no host")
    if parsed.hostname.endswith("."):
        host = parsed.hostname
        return _checked(parsed.href.replace(f"//{host}", f"//{host.rstrip('.')}", 1))
    return parsed


def _without_spaces(url: str) -> str:
    """Plain spaces inside a path are a common slip of feeds; other such characters hide what a link is."""
    url = url.replace(" ", "%20")
    if _REFUSED.search(url):
        raise UnsafeUrl(f"{_shown(url)} holds control or direction characters")
    return url


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError as error:
        raise UnsafeUrl(f"{_shown(url)} is no web address") from error


def _has_user(url: str) -> bool:
    """Whether an ``@`` stands before the path, even with an empty name (http://@host/)."""
    authority = re.split(r"[/\\?#]", re.sub(r"\A[a-zA-Z]+:[/\\]*", "", url), maxsplit=1)[0]
    return "@" in authority


def _is_tracking(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    name = unquote_plus(name).lower()
    if name in _TRACKING or name.startswith(_TRACKING_PREFIXES):
        return True
    return name in _RSS_MARKS and value.lower() in _RSS_VALUES


def _shown(url: str) -> str:
    """A link as it may stand in a message: short, invisible characters written out."""
    return repr(url if len(url) <= 80 else url[:80] + "…")
