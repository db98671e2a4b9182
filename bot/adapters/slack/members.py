"""Who asks: their language, zone and rights, as Slack's profile has them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.errors import TROUBLES
from bot.commands.base import Member
from bot.i18n import supported

log = structlog.get_logger()

PLATFORM = "slack"
KEPT = 3600.0
"""Seconds that a profile is kept; users.info is in tier 4 ("Rate limits": about 100 calls a minute)."""
TIMEOUT = 1.5
"""Seconds to wait for a profile: a modal must be opened within 3 s of the command ("Modals", trigger_id)."""
_MOST = 5000
_RETRY = 60.0
"""Seconds that the default stands when Slack did not answer."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What users.info says that matters here."""

    admin: bool = False
    language: str = "en"
    zone: str = "UTC"
    name: str = ""


class Members:
    """Profiles, kept for an hour. ``admins`` says of a team whether its admins are the bot's."""

    def __init__(self, *, admins: Callable[[str], bool], clock: Callable[[], float], timeout: float = TIMEOUT) -> None:
        self._admins = admins
        self._clock = clock
        self._timeout = timeout
        self._known: dict[tuple[str, str], tuple[float, Profile]] = {}

    async def member(self, client: AsyncWebClient, *, team: str, channel: str, user: str) -> Member:
        """The member with their profile; with the defaults when Slack does not answer in time."""
        profile = await self._profile(client, team, user)
        return Member(
            platform=PLATFORM,
            workspace=team,
            channel=channel,
            user=user,
            admin=profile.admin and self._admins(team),
            language=profile.language,
            zone=profile.zone,
            name=profile.name,
        )

    async def _profile(self, client: AsyncWebClient, team: str, user: str) -> Profile:
        until, known = self._known.get((team, user), (0.0, Profile()))
        if self._clock() < until:
            return known
        try:
            async with asyncio.timeout(self._timeout):
                answer: Any = await client.users_info(user=user, include_locale=True)
            profile, kept = read_profile(answer.get("user") or {}), KEPT
        except TROUBLES as error:
            # An old profile is better than none; nobody waits for this.
            log.warning("slack.profile-unknown", error=type(error).__name__)
            profile, kept = known, _RETRY
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[team, user] = (self._clock() + kept, profile)
        return profile


def read_profile(user: dict[str, Any]) -> Profile:
    """A profile from users.info's ``user``; what is missing or unknown takes its default."""
    zone = user.get("tz")
    return Profile(
        admin=bool(user.get("is_admin") or user.get("is_owner")),
        language=supported(user.get("locale")),
        zone=zone if isinstance(zone, str) and _is_zone(zone) else "UTC",
        name=str(user.get("real_name") or user.get("name") or ""),
    )


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False  # what zoneinfo raises for names that it does not know or that are no names
    return True
