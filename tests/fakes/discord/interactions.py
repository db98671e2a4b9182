"""Interactions: what a member does, and how the bot answers (interactions/receiving-and-responding)."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from tests.fakes.discord.errors import ApiError, invalid
from tests.fakes.discord.messages import apply, created
from tests.fakes.discord.model import EPHEMERAL, LOADING, Channel, Json, Message, Permission, User
from tests.fakes.discord.world import World

ANSWER_SECONDS = 3.0
"""The first answer must come within this; afterwards the token is void."""
TOKEN_SECONDS = 900.0
"""How long follow-ups and edits are taken."""
_MOST_CHOICES = 25


class Asked(IntEnum):
    """Interaction types."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4


class Answer(IntEnum):
    """Interaction callback types."""

    MESSAGE = 4
    DEFERRED = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


_ALLOWED: dict[Asked, tuple[Answer, ...]] = {
    Asked.COMMAND: (Answer.MESSAGE, Answer.DEFERRED, Answer.MODAL),
    Asked.COMPONENT: (Answer.MESSAGE, Answer.DEFERRED, Answer.DEFERRED_UPDATE, Answer.UPDATE, Answer.MODAL),
    Asked.AUTOCOMPLETE: (Answer.CHOICES,),
}


@dataclass(eq=False)
class Interaction:
    """One thing that a member did, with everything that the bot answered."""

    id: int
    token: str
    asked: Asked
    user: User
    channel: Channel
    data: Json
    pressed: Message | None = None
    fired: float = field(default_factory=time.monotonic)
    answer: Answer | None = None
    answered: Json = field(default_factory=dict)
    """The data of the callback."""
    delay: float | None = None
    """Seconds from the event to the callback."""
    message: Message | None = None
    """``@original``: the answer, or the message whose component was pressed."""
    followups: list[Message] = field(default_factory=list)
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def choices(self) -> list[Json]:
        """The suggestions of an autocompletion."""
        choices: list[Json] = self.answered.get("choices", [])
        return choices

    @property
    def thinking(self) -> bool:
        """Whether "… is thinking" is still to be seen."""
        return self.message is not None and bool(self.message.flags & LOADING)


class Interactions:
    """Everything that members did."""

    def __init__(self, world: World) -> None:
        self.all: list[Interaction] = []
        self.answer_seconds = ANSWER_SECONDS
        self._world = world
        self._by_token: dict[str, Interaction] = {}

    @property
    def delays(self) -> list[float]:
        """Seconds between the events and their callbacks, in the order of the events."""
        return [interaction.delay for interaction in self.all if interaction.delay is not None]

    # --- what members do -----------------------------------------------------------------------------------

    def command(self, user: User, channel: Channel, line: str, options: Mapping[str, Any]) -> Interaction:
        """A slash command; ``line`` is its name, with the subcommand's after a space.

        Raises LookupError when it is not registered and ValueError for what Discord's own client refuses.
        """
        command, declared = self._declared(channel, line)
        self._may_use(user, channel, command)
        missing = [o["name"] for o in declared if o.get("required") and o["name"] not in options]
        if missing:
            raise ValueError(f"/{line} needs {', '.join(missing)}")
        return self.forged(Asked.COMMAND, user, channel, self._command_data(command, line, declared, options))

    def autocomplete(
        self, user: User, channel: Channel, line: str, option: str, value: str, options: Mapping[str, Any]
    ) -> Interaction:
        """A half-typed option of a command."""
        command, declared = self._declared(channel, line)
        if not any(o["name"] == option and o.get("autocomplete") for o in declared):
            raise ValueError(f"/{line} does not complete {option}")
        data = self._command_data(command, line, declared, {**options, option: value}, focused=option)
        return self.forged(Asked.AUTOCOMPLETE, user, channel, data)

    def press(self, user: User, message: Message, custom_id: str, values: list[str] | None = None) -> Interaction:
        """A pressed button, or a select with its values. Raises LookupError when the message has no such component."""
        component = message.buttons.get(custom_id)
        if component is None:
            raise LookupError(f"no component {custom_id!r} among {list(message.buttons)}")
        if component.get("disabled"):
            raise ValueError(f"{custom_id!r} is disabled")
        data: Json = {"custom_id": custom_id, "component_type": component["type"], "id": component["id"]}
        if values is not None:
            data["values"] = values
        return self.forged(Asked.COMPONENT, user, message.channel, data, message)

    def forged(
        self, asked: Asked, user: User, channel: Channel, data: Json, pressed: Message | None = None
    ) -> Interaction:
        """An interaction with whatever data."""
        interaction = Interaction(self._world.new_id(), secrets.token_urlsafe(48), asked, user, channel, data, pressed)
        self.all.append(interaction)
        self._by_token[interaction.token] = interaction
        return interaction

    def _declared(self, channel: Channel, line: str) -> tuple[Json, list[Json]]:
        """The registered command, and the options of the subcommand that ``line`` names."""
        name, *deeper = line.split()
        here = self._world.commands.get(channel.guild.id, []) if channel.guild else []
        commands = [*here, *self._world.commands[None]]
        command = next((command for command in commands if command["name"] == name), None)
        if command is None:
            raise LookupError(f"/{name} is not registered; registered are {[c['name'] for c in commands]}")
        options: list[Json] = command.get("options", [])
        for part in deeper:
            options = next(option for option in options if option["name"] == part).get("options", [])
        return command, options

    def _may_use(self, user: User, channel: Channel, command: Json) -> None:
        needed = int(command.get("default_member_permissions") or 0)
        allowed = self._world.permissions(user, channel)
        if channel.guild is not None and (needed & ~allowed or not allowed & Permission.USE_APPLICATION_COMMANDS):
            raise PermissionError(f"{user.name} is not shown /{command['name']} here")

    @staticmethod
    def _command_data(
        command: Json, line: str, declared: list[Json], options: Mapping[str, Any], focused: str | None = None
    ) -> Json:
        types = {option["name"]: option["type"] for option in declared}
        unknown = set(options) - set(types)
        if unknown:
            raise ValueError(f"/{line} has no option {', '.join(sorted(unknown))}")
        given: list[Json] = [{"name": name, "type": types[name], "value": value} for name, value in options.items()]
        for option in given:
            if option["name"] == focused:
                option["focused"] = True
        parts = line.split()[1:]
        for depth, part in enumerate(reversed(parts)):
            given = [{"name": part, "type": 1 if depth == 0 else 2, "options": given}]
        return {"id": command["id"], "name": command["name"], "type": 1, "options": given}

    def event(self, interaction: Interaction) -> Json:
        """INTERACTION_CREATE's data."""
        channel, user, world = interaction.channel, interaction.user, self._world
        document: Json = {
            "id": str(interaction.id),
            "application_id": str(world.bot.id),
            "type": int(interaction.asked),
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "channel_id": str(channel.id),
            "channel": channel.to_json() | {"permissions": str(world.permissions(user, channel))},
            "app_permissions": str(world.permissions(world.bot, channel)),
            "locale": user.locale,
            "entitlements": [],
            "attachment_size_limit": 10_485_760,
        }
        if interaction.pressed is not None:
            document["message"] = interaction.pressed.to_json()
        if channel.guild is None:
            owners = {"authorizing_integration_owners": {"1": str(user.id)}}
            return document | owners | {"user": user.to_json(), "context": 1}
        guild = channel.guild
        member = guild.members[user.id].to_json() | {"permissions": str(world.permissions(user, channel))}
        return document | {
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
            "guild_locale": guild.locale,
            "member": member,
            "context": 0,
            "authorizing_integration_owners": {"0": str(guild.id)},
        }

    # --- what the bot answers ------------------------------------------------------------------------------

    def callback(self, interaction_id: int, token: str, payload: Json, at: float) -> Interaction:
        """The first answer. It is refused when it is late (10062), the second one (40060), or of a wrong kind."""
        interaction = self._by_token.get(token)
        if interaction is None or interaction.id != interaction_id or at - interaction.fired > self.answer_seconds:
            raise ApiError(10062)
        if interaction.answer is not None:
            raise ApiError(40060)
        answer = next((one for one in Answer if one == payload.get("type")), None)
        if answer is None or answer not in _ALLOWED[interaction.asked]:
            raise invalid("type", f"{payload.get('type')} does not answer {interaction.asked.name}")
        data: Json = payload.get("data") or {}
        self._carry_out(interaction, answer, data)
        interaction.answer, interaction.answered, interaction.delay = answer, data, at - interaction.fired
        interaction.acknowledged.set()
        return interaction

    def _carry_out(self, interaction: Interaction, answer: Answer, data: Json) -> None:
        if answer is Answer.MESSAGE:
            interaction.message = self._create(interaction, data)
        elif answer is Answer.DEFERRED:
            flags = int(data.get("flags", 0)) & EPHEMERAL | LOADING
            interaction.message = self._store(interaction, flags=flags)
        elif answer in (Answer.DEFERRED_UPDATE, Answer.UPDATE):
            interaction.message = interaction.pressed
            if answer is Answer.UPDATE and interaction.message is not None:
                apply(interaction.message, data)
        elif answer is Answer.CHOICES and len(data.get("choices", ())) > _MOST_CHOICES:
            raise invalid("data.choices", "Must be 25 or fewer in length.")

    def find(self, application_id: int, token: str) -> Interaction:
        """The interaction of a webhook's token."""
        interaction = self._by_token.get(token)
        if application_id != self._world.bot.id or interaction is None or interaction.answer is None:
            raise ApiError(10015)
        if time.monotonic() - interaction.fired > TOKEN_SECONDS:
            raise ApiError(50027)
        return interaction

    def message(self, interaction: Interaction, which: str) -> Message:
        """``@original`` or a follow-up by its id."""
        if which == "@original":
            found = interaction.message
        else:
            mine = [*interaction.followups, *([interaction.message] if interaction.message else [])]
            found = next((message for message in mine if str(message.id) == which), None)
        if found is None:
            raise ApiError(10008)
        return found

    def follow_up(self, interaction: Interaction, payload: Json) -> Message:
        """Another answer; after a deferral the first one takes the place of "… is thinking"."""
        if interaction.thinking and interaction.message is not None:
            self.edit(interaction.message, payload)
            return interaction.message
        message = self._create(interaction, payload)
        interaction.followups.append(message)
        return message

    @staticmethod
    def edit(message: Message, payload: Json) -> None:
        apply(message, payload)
        message.flags &= ~LOADING

    def delete(self, interaction: Interaction, message: Message) -> None:
        message.channel.messages.pop(message.id, None)
        if interaction.message is message:
            interaction.message = None
        else:
            interaction.followups.remove(message)

    def _create(self, interaction: Interaction, data: Json) -> Message:
        return self._store(interaction, **created(data))

    def _store(self, interaction: Interaction, **parts: Any) -> Message:
        about = {
            "id": str(interaction.id),
            "type": int(interaction.asked),
            "user": interaction.user.to_json(),
            "authorizing_integration_owners": {},
        }
        if interaction.pressed is not None:
            about["interacted_message_id"] = str(interaction.pressed.id)
        keep = not parts["flags"] & EPHEMERAL
        kind = 20 if interaction.asked is Asked.COMMAND else 19
        return self._world.add_message(
            interaction.channel, self._world.bot, keep=keep, kind=kind, interaction=about, **parts
        )
