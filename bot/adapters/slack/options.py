"""The ``platforms.slack`` part of bot.yaml. Imports nothing of Slack's: it is read wherever settings are."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from bot.adapters.environment import secret

API = "https://slack.com/api/"


class SlackOptions(BaseModel):
    """How the bot is connected to Slack. With SLACK_BOT_TOKEN and SLACK_APP_TOKEN set, ``slack: {}`` is enough."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    mode: Literal["socket", "http"] = Field(
        "socket", description="socket: the bot calls Slack (no open port). http: Slack calls the bot, signed."
    )
    bot_token: SecretStr | None = Field(
        default_factory=lambda: secret("SLACK_BOT_TOKEN"),
        description="xoxb-… of the one workspace; default: $SLACK_BOT_TOKEN. Left out when many workspaces install.",
    )
    app_token: SecretStr | None = Field(
        default_factory=lambda: secret("SLACK_APP_TOKEN"),
        description="xapp-… with connections:write, for socket mode; default: $SLACK_APP_TOKEN.",
    )
    signing_secret: SecretStr | None = Field(
        default_factory=lambda: secret("SLACK_SIGNING_SECRET"),
        description="Checks what Slack sends in http mode; default: $SLACK_SIGNING_SECRET.",
    )
    client_id: str | None = Field(None, description="For installation by many workspaces (OAuth); needs http mode.")
    client_secret: SecretStr | None = Field(
        default_factory=lambda: secret("SLACK_CLIENT_SECRET"),
        description="Belongs to client_id; default: $SLACK_CLIENT_SECRET.",
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Where Slack reaches the bot in http mode, such as https://bot.example.org.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on in http mode.")
    port: int = Field(3000, ge=0, le=65535, description="Port to listen on in http mode; 0 lets the system choose.")
    commands: Literal["one", "many"] = Field(
        "one", description="one: /kakehashi ask …; many: /ask …, each command by its own name."
    )
    workspace_admins: bool = Field(default=True, description="Whether the workspace's own admins may use /admin.")
    base_url: str = Field(API, pattern=r"^https?://", description="Slack's Web API; another address only for tests.")

    @property
    def default_workspace(self) -> str:
        """The workspace of the token, in destinations that name none."""
        return "local"

    @property
    def many_workspaces(self) -> bool:
        """Whether workspaces install the app by OAuth."""
        return self.client_id is not None

    @model_validator(mode="after")
    def _complete(self) -> SlackOptions:
        if not self.enabled:
            return self
        if self.many_workspaces:
            if self.mode != "http" or self.client_secret is None or self.public_url is None:
                raise ValueError("client_id (many workspaces) needs mode: http, a client_secret and a public_url")
        elif self.bot_token is None:
            raise ValueError("the bot's token is missing: set the variable SLACK_BOT_TOKEN (xoxb-…)")
        if self.mode == "socket" and self.app_token is None:
            raise ValueError("socket mode needs an app-level token: set the variable SLACK_APP_TOKEN (xapp-…)")
        if self.mode == "http" and self.signing_secret is None:
            raise ValueError("http mode needs the signing secret: set the variable SLACK_SIGNING_SECRET")
        return self
