"""What is done with a command, a press, a question: from Slack's payload to the core and back to the member.

Nothing here acknowledges anything; that was done before (:mod:`bot.adapters.slack.listeners`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import structlog

from bot.adapters.base import SendError
from bot.adapters.slack import commands, home, modals
from bot.adapters.slack.callers import Callers
from bot.adapters.slack.errors import told_plainly
from bot.adapters.slack.homes import Homes
from bot.adapters.slack.replies import Body, Place, Replies
from bot.adapters.slack.tasks import Recent
from bot.commands.base import CommandHost, Completion, Invocation, Member, Press
from bot.message import Message

log = structlog.get_logger()

SUGGESTION_TIMEOUT = 2.0
"""Seconds for suggestions, which Slack wants within 3 s with the acknowledgement."""
_SHARED_KEPT = 600.0
_SUGGESTIONS = 25

Payload = dict[str, Any]


class Desk:
    """Answers members. One for an adapter."""

    def __init__(
        self, host: CommandHost, callers: Callers, replies: Replies, homes: Homes, clock: Callable[[], float]
    ) -> None:
        self._host = host
        self._callers = callers
        self._replies = replies
        self._homes = homes
        self._shared = Recent(_SHARED_KEPT, clock)

    # --- commands ------------------------------------------------------------------------------------------

    async def command(self, body: Payload, team: str) -> None:
        """A slash command."""
        place = await self._callers.place(
            team, body["channel_id"], body["user_id"], response_url=body.get("response_url")
        )
        await self._callers.guarded(place, self._command(place, body))

    async def _command(self, place: Place, body: Payload) -> None:
        line = commands.command_line(body["command"], body.get("text") or "", self._host.commands)
        member = await self._callers.member(place)
        name = commands.wants_modal(line, self._host.commands)
        if name is not None and await self._opened(place, member, name, body["trigger_id"]):
            return
        await self._answered(place, member, await self._host.invoke_text(line, member))

    async def _answered(self, place: Place, member: Member, message: Message) -> None:
        await self._replies.answer(place, await self._sharable(place, member, message))

    async def _sharable(self, place: Place, member: Member, message: Message) -> Message:
        """With a button to share, where there is somebody to share with."""
        return message if place.is_direct else await self._host.offer_sharing(message, member)

    # --- modals --------------------------------------------------------------------------------------------

    async def _opened(self, place: Place, member: Member, name: str, trigger: str) -> bool:
        """Open a command's modal. False when Slack did not: the command is then answered in words."""
        view = await self._modal(member, name)
        try:
            with told_plainly():
                await place.client.views_open(trigger_id=trigger, view=view)
        except SendError as error:
            log.warning("slack.modal-refused", modal=name, why=str(error))
            return False
        return True

    async def _modal(self, member: Member, name: str) -> modals.View:
        if name == commands.ASK:
            return modals.ask_modal(member)
        sections = await self._host.complete(Completion(commands.SUBSCRIBE, "section", "", member))
        return modals.subscribe_modal(member, sections)

    async def submission(self, body: Payload, team: str) -> None:
        """A submitted modal: its callback id is the command's name."""
        view = body["view"]
        origin = modals.Origin.unpacked(view.get("private_metadata") or "")
        place = await self._callers.place(team, origin.channel, body["user"]["id"])
        await self._callers.guarded(place, self._submitted(place, view))

    async def _submitted(self, place: Place, view: Payload) -> None:
        member = await self._callers.member(place)
        values = modals.submitted(view)
        invocation = Invocation(view["callback_id"], member, options=values, raw=values)
        await self._answered(place, member, await self._host.invoke(invocation))
        if not place.channel:
            await self._homes.publish(place)

    async def suggestions(self, body: Payload, team: str) -> list[dict[str, Any]]:
        """Options for a select that asks while the member types; none when they cannot be had in time."""
        try:
            async with asyncio.timeout(SUGGESTION_TIMEOUT):
                place = await self._callers.place(team, "", body["user"]["id"])
                command, option = modals.completed_option(body["action_id"])
                completion = Completion(command, option, body.get("value") or "", await self._callers.member(place))
                found = await self._host.complete(completion)
        except Exception as error:
            # Slack shows an empty list; the member can type on and ask again.
            log.warning("slack.no-suggestions", exc_info=error)
            found = ()
        return [modals.option(choice) for choice in found[:_SUGGESTIONS]]

    # --- buttons -------------------------------------------------------------------------------------------

    async def press(self, body: Payload, team: str) -> None:
        """A pressed button or a changed select, on a message or on the Home tab."""
        container = body.get("container") or {}
        message = body.get("message") or {}
        place = await self._callers.place(
            team,
            container.get("channel_id") or (body.get("channel") or {}).get("id") or "",
            body["user"]["id"],
            response_url=body.get("response_url"),
        )
        place = replace(
            place,
            thread=container.get("thread_ts") or message.get("thread_ts"),
            message=container.get("message_ts"),
            ephemeral=bool(container.get("is_ephemeral")),
        )
        for action in body["actions"]:
            await self._callers.guarded(place, self._pressed(place, action, body))

    async def _pressed(self, place: Place, action: Payload, body: Payload) -> None:
        match action:
            case {"action_id": home.LANGUAGE, "selected_option": {"value": str(language)}}:
                await self._homes.language(place, language)
            case {"action_id": home.SUBSCRIBE}:
                member = await self._callers.member(place)
                if not await self._opened(place, member, commands.SUBSCRIBE, body["trigger_id"]):
                    await self._answered(place, member, await self._host.invoke_text("/subscribe", member))
            case {"type": "button", "action_id": str(action_id)} if not _is_link(action):
                await self._button(place, action_id, body)

    async def _button(self, place: Place, action: str, body: Payload) -> None:
        kind = action.partition(":")[0]
        share = f"{place.team} {action}"
        if kind == "share" and not self._shared.first(share):
            return  # Two quick presses share once.
        done = False
        try:
            member = await self._callers.member(place)
            answer = await self._host.press(Press(action, member))
            if answer.kind == "error":
                await self._replies.privately(place, answer)
            elif kind == "share":
                await self._replies.publicly(place, answer, shared_by=place.user)
                done = True
                await self._unshared(place, answer, body)
            elif kind == "page":
                shown = await self._sharable(place, member, answer) if place.ephemeral else answer
                await self._replies.replacing(place, shown)
            else:
                await self._replies.privately(place, await self._sharable(place, member, answer.as_private()))
                if not place.channel:
                    await self._homes.publish(place)  # what was run may have changed it
        finally:
            if not done:
                self._shared.forget(share)

    async def _unshared(self, place: Place, shared: Message, body: Payload) -> None:
        """The private reply without its button. Slack does not always say what stands in an ephemeral message; then
        what was shared takes its place."""
        blocks = (body.get("message") or {}).get("blocks")
        if not blocks:
            await self._replies.replacing(place, shared)
            return
        kept = [block for block in map(_without_sharing, blocks) if block is not None]
        original: Body = {"text": body["message"].get("text") or shared.summary, "blocks": kept}
        await self._replies.replaced(place, original)

    # --- talk ----------------------------------------------------------------------------------------------

    async def mention(self, event: Payload, team: str, bot: str) -> None:
        """A question that mentions the bot: answered in its thread, for all to see."""
        place = await self._callers.place(team, event["channel"], event["user"])
        place = replace(place, thread=event.get("thread_ts"), question=event["ts"])
        asked = commands.without_mention(event.get("text") or "", bot)
        await self._callers.guarded(place, self._talked(place, asked))

    async def direct(self, event: Payload, team: str) -> None:
        """A question in a direct message."""
        place = await self._callers.place(team, event["channel"], event["user"])
        place = replace(place, thread=event.get("thread_ts"))
        await self._callers.guarded(place, self._talked(place, commands.plain_text(event.get("text") or "")))

    async def _talked(self, place: Place, asked: str) -> None:
        answer = await self._host.invoke_text(commands.question_line(asked), await self._callers.member(place))
        if answer.kind == "error" and not place.is_direct:
            await self._replies.privately(place, answer)
        else:
            await self._replies.publicly(place, answer)


def _is_link(action: Payload) -> bool:
    """Whether the member's browser has already done what the button is for."""
    return bool(action.get("url")) or str(action["action_id"]).startswith("open:")


def _without_sharing(block: Payload) -> Payload | None:
    """A block without the button that shares; None when nothing is left of it."""
    if block.get("type") != "actions":
        return block
    elements = [part for part in block["elements"] if not str(part.get("action_id") or "").startswith("share:")]
    return {**block, "elements": elements} if elements else None
