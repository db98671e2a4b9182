"""The ``platforms.discord`` part of bot.yaml. Imports nothing of Discord's: it is read wherever settings are."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from bot.adapters.environment import secret

API = "https://discord.com/api/v10"


class DiscordOptions(BaseModel):
    """How the bot is connected to Discord. With ``DISCORD_TOKEN`` set, ``discord: {}`` is enough."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    token: SecretStr | None = Field(
        default_factory=lambda: secret("DISCORD_TOKEN"), description="The bot's token; default: $DISCORD_TOKEN."
    )
    application_id: int | None = Field(None, description="The application's id; asked of Discord when left out.")
    guilds: tuple[int, ...] = Field(
        (), description="Offer the commands in these guilds only, at once; default: everywhere the bot is installed."
    )
    shards: int | None = Field(None, ge=1, description="Number of gateway connections; Discord's advice when left out.")
    base_url: str = Field(API, pattern=r"^https?://", description="Discord's REST API; another address only for tests.")
    gateway: str | None = Field(
        None, pattern=r"^wss?://", description="Discord's gateway; asked of the REST API when left out."
    )

    @property
    def default_workspace(self) -> str:
        """Stands for whichever guild the channel belongs to."""
        return "local"

    @model_validator(mode="after")
    def _complete(self) -> DiscordOptions:
        if self.enabled and self.token is None:
            raise ValueError("the bot's token is missing: set the variable DISCORD_TOKEN")
        return self
