"""The ``platforms.web`` part of bot.yaml."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from bot.httpguard import is_loopback

HOST_VARIABLE = "KAKEHASHI_WEB_HOST"
PASSWORD_VARIABLE = "KAKEHASHI_WEB_PASSWORD"  # noqa: S105 - the name of a variable


def _password() -> SecretStr | None:
    """From the environment, so that a container can listen beyond itself without a change to bot.yaml."""
    value = os.environ.get(PASSWORD_VARIABLE)
    if path := os.environ.get(f"{PASSWORD_VARIABLE}_FILE"):
        value = Path(path).read_text(encoding="utf-8").strip()
    return SecretStr(value) if value else None


class WebOptions(BaseModel):
    """Where the local chat listens. Beyond this machine it wants a password."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    host: str = Field(
        default_factory=lambda: os.environ.get(HOST_VARIABLE, "127.0.0.1"),
        description=f"Address to listen on; default: ${HOST_VARIABLE}, else 127.0.0.1 (this machine alone).",
    )
    port: int = Field(8765, ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    password: SecretStr | None = Field(
        default_factory=_password,
        description=f"Needed when host is not this machine alone; default: ${PASSWORD_VARIABLE}, if that is set.",
    )
    hosts: tuple[str, ...] = Field((), description="Further host names that the page may be opened under.")
    channels: tuple[str, ...] = Field(("newsroom",), description="Channels beside those that digests go to.")

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.host)

    @model_validator(mode="after")
    def _password_beyond_this_machine(self) -> WebOptions:
        if not self.is_local and self.password is None:
            raise ValueError(f"listening on {self.host} lets others in: set password, or listen on 127.0.0.1")
        return self
