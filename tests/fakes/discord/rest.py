"""Discord's REST API as far as bots that post need it: the bot itself, guilds, channels and commands.

Handlers are plain functions: they take a :class:`Call` and return what goes into the answer.
"""

from __future__ import annotations

from tests.fakes.discord.desk import Call, Desk, Reply, Routes
from tests.fakes.discord.errors import ApiError, invalid

_MOST_COMMANDS = 100
"""Slash commands of a scope (interactions/application-commands)."""


class Rest:
    """What is there, and the commands of the application."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def routes(self) -> Routes:
        return {
            ("GET", "/gateway"): self._get_gateway,
            ("GET", "/gateway/bot"): self._get_gateway_bot,
            ("GET", "/users/@me"): lambda _: self._desk.world.bot.to_json(),
            ("GET", "/users/@me/guilds"): self._my_guilds,
            ("GET", "/users/{user}"): self._user,
            ("POST", "/users/@me/channels"): self._open_direct,
            ("GET", "/applications/@me"): lambda _: self._desk.world.application(),
            ("GET", "/oauth2/applications/@me"): lambda _: self._desk.world.application(),
            ("GET", "/applications/{application}/commands"): self._commands,
            ("PUT", "/applications/{application}/commands"): self._put_commands,
            ("GET", "/applications/{application}/guilds/{guild}/commands"): self._commands,
            ("PUT", "/applications/{application}/guilds/{guild}/commands"): self._put_commands,
            ("GET", "/guilds/{guild}"): lambda call: self._desk.guild(call).to_json(),
            ("GET", "/guilds/{guild}/channels"): self._channels,
            ("GET", "/guilds/{guild}/roles"): self._roles,
            ("GET", "/guilds/{guild}/members/{user}"): self._member,
            ("GET", "/guilds/{guild}/threads/active"): self._active_threads,
            ("GET", "/channels/{channel}"): lambda call: self._desk.channel(call).to_json(),
        }

    def _get_gateway(self, _: Call) -> Reply:
        return {"url": self._desk.gateway.resume_url}

    def _get_gateway_bot(self, _: Call) -> Reply:
        used = len(self._desk.gateway.identified)
        limit = {"total": 1_000, "remaining": max(0, 1_000 - used), "reset_after": 86_400_000, "max_concurrency": 1}
        return {
            "url": self._desk.gateway.resume_url,
            "shards": self._desk.gateway.advised_shards,
            "session_start_limit": limit,
        }

    def _my_guilds(self, _: Call) -> Reply:
        return [{"id": str(guild.id), "name": guild.name, "icon": None} for guild in self._desk.world.guilds.values()]

    def _user(self, call: Call) -> Reply:
        user = self._desk.world.users.get(call.id("user"))
        if user is None:
            raise ApiError(10013)
        return user.to_json()

    def _channels(self, call: Call) -> Reply:
        return [channel.to_json() for channel in self._desk.guild(call).channels]

    def _roles(self, call: Call) -> Reply:
        guild = self._desk.guild(call)
        return [role.to_json() for role in (guild.everyone, *guild.roles)]

    def _member(self, call: Call) -> Reply:
        members = self._desk.guild(call).members
        which = self._desk.world.bot.id if call.params["user"] == "@me" else call.id("user")
        if which not in members:
            raise ApiError(10007)
        return members[which].to_json()

    def _active_threads(self, call: Call) -> Reply:
        threads = [thread.to_json() for thread in self._desk.guild(call).threads if not thread.archived]
        return {"threads": threads, "members": []}

    def _open_direct(self, call: Call) -> Reply:
        wanted = str(call.payload.get("recipient_id", ""))
        user = self._desk.world.users.get(int(wanted)) if wanted.isdecimal() else None
        if user is None or user.bot:
            raise invalid("recipient_id", "Unknown user")
        return self._desk.world.direct(user).to_json()

    def _scope(self, call: Call) -> int | None:
        if call.id("application") != self._desk.world.bot.id:
            raise ApiError(50001)
        return self._desk.guild(call).id if "guild" in call.params else None

    def _commands(self, call: Call) -> Reply:
        return list(self._desk.world.commands.get(self._scope(call), ()))

    def _put_commands(self, call: Call) -> Reply:
        scope = self._scope(call)
        names = [command.get("name") for command in call.payload]
        if len(names) > _MOST_COMMANDS or len(set(names)) < len(names):
            raise invalid("commands", "Application command names must be unique, at most 100")
        known = {command["name"]: command["id"] for command in self._desk.world.commands.get(scope, ())}
        stored = []
        for command in call.payload:
            own = {
                "id": known.get(command["name"]) or str(self._desk.world.new_id()),
                "version": str(self._desk.world.new_id()),
            }
            own |= {"application_id": str(self._desk.world.bot.id), "type": command.get("type", 1)}
            own |= {"default_member_permissions": None} if "default_member_permissions" not in command else {}
            stored.append({**command, **own, **({"guild_id": str(scope)} if scope else {})})
        self._desk.world.commands[scope] = stored
        return stored
