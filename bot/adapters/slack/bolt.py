"""The bolt app: which workspace a request belongs to is known without asking Slack before the acknowledgement."""

from __future__ import annotations

import logging
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings

from bot.adapters.slack.client import Workspaces
from bot.adapters.slack.installations import STATE_EXPIRES, Installations
from bot.adapters.slack.options import SlackOptions
from bot.adapters.slack.scopes import NEEDED
from bot.adapters.slack.server import INSTALL, REDIRECT

_NOT_INSTALLED = "Kakehashi is not installed in this workspace (any more). Please ask an admin to install it again."


class KnownWorkspaces(AsyncAuthorize):
    """Bolt's authorization from what is known here: the one workspace, or the installations in the archive."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    async def __call__(
        self,
        *,
        context: AsyncBoltContext,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None,
        actor_enterprise_id: str | None = None,
        actor_team_id: str | None = None,
        actor_user_id: str | None = None,
    ) -> AuthorizeResult | None:
        if self._workspaces.installations is None:
            own = await self._workspaces.own()
            return AuthorizeResult(
                enterprise_id=enterprise_id, team_id=own.team, bot_user_id=own.bot_user, bot_id=own.bot_id
            )
        row = await self._workspaces.installations.of(team_id) if team_id else None
        if row is None:
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, bot_user_id=row["bot_user_id"], bot_id=row["bot_id"]
        )


def make_app(workspaces: Workspaces) -> AsyncApp:
    """A bolt app without listeners."""
    options = workspaces.options
    # Bolt's warnings quote what members wrote.
    quiet = logging.getLogger("kakehashi.slack.bolt")
    quiet.setLevel(logging.ERROR)
    authorize: Any = KnownWorkspaces(workspaces)  # bolt's annotation knows plain functions only
    app = AsyncApp(
        name="kakehashi",
        logger=quiet,
        client=workspaces.client(None),
        signing_secret=options.signing_secret.get_secret_value() if options.signing_secret else "",
        request_verification_enabled=options.mode == "http",
        authorize=authorize,
        oauth_settings=_oauth(options, workspaces.installations) if workspaces.installations else None,
        user_facing_authorize_error_message=_NOT_INSTALLED,
    )
    if workspaces.installations is not None:
        app.enable_token_revocation_listeners()
    return app


def _oauth(options: SlackOptions, installations: Installations) -> AsyncOAuthSettings:
    public = (options.public_url or "").rstrip("/")
    return AsyncOAuthSettings(
        client_id=options.client_id,
        client_secret=options.client_secret.get_secret_value() if options.client_secret else None,
        scopes=sorted(NEEDED),
        user_scopes=[],
        redirect_uri=f"{public}{REDIRECT}",
        install_path=INSTALL,
        redirect_uri_path=REDIRECT,
        authorization_url=f"{options.base_url.rstrip('/').removesuffix('/api')}/oauth/v2/authorize",
        installation_store=installations.store,
        state_store=installations.states,
        state_expiration_seconds=STATE_EXPIRES,
    )
