"""The REST API's answers to interactions (interactions/receiving-and-responding)."""

from __future__ import annotations

from tests.fakes.discord.desk import Call, Desk, Reply, Routes
from tests.fakes.discord.interactions import Answer, Interactions
from tests.fakes.discord.model import Json, Message


class Answers:
    """Callbacks, follow-ups and the original answer. Their tokens are in the path; no other is asked for."""

    def __init__(self, desk: Desk, interactions: Interactions) -> None:
        self._desk = desk
        self._interactions = interactions

    @property
    def routes(self) -> Routes:
        return {
            ("POST", "/interactions/{interaction}/{token}/callback"): self._callback,
            ("POST", "/webhooks/{application}/{token}"): self._follow_up,
            ("GET", "/webhooks/{application}/{token}/messages/{message}"): self._get_answer,
            ("PATCH", "/webhooks/{application}/{token}/messages/{message}"): self._edit_answer,
            ("DELETE", "/webhooks/{application}/{token}/messages/{message}"): self._delete_answer,
        }

    def _callback(self, call: Call) -> Reply:
        interaction = self._interactions.callback(call.id("interaction"), call.params["token"], call.payload, call.at)
        message = interaction.message
        if message is not None and interaction.answer in (Answer.MESSAGE, Answer.UPDATE):
            self._desk.announce("MESSAGE_CREATE" if interaction.answer is Answer.MESSAGE else "MESSAGE_UPDATE", message)
        if call.query.get("with_response") not in ("1", "true"):
            return None
        assert interaction.answer is not None
        about: Json = {"id": str(interaction.id), "type": int(interaction.asked)}
        resource: Json = {"type": int(interaction.answer)}
        if message is not None:
            about |= {"response_message_id": str(message.id), "response_message_loading": interaction.thinking}
            about["response_message_ephemeral"] = message.ephemeral
            resource["message"] = message.to_json()
        return {"interaction": about, "resource": resource}

    def _follow_up(self, call: Call) -> Reply:
        interaction = self._interactions.find(call.id("application"), call.params["token"])
        thinking = interaction.thinking
        message = self._interactions.follow_up(interaction, call.payload)
        self._desk.announce("MESSAGE_UPDATE" if thinking else "MESSAGE_CREATE", message)
        return message.to_json()

    def _answer(self, call: Call) -> Message:
        interaction = self._interactions.find(call.id("application"), call.params["token"])
        return self._interactions.message(interaction, call.params["message"])

    def _get_answer(self, call: Call) -> Reply:
        return self._answer(call).to_json()

    def _edit_answer(self, call: Call) -> Reply:
        message = self._answer(call)
        self._interactions.edit(message, call.payload)
        self._desk.announce("MESSAGE_UPDATE", message)
        return message.to_json()

    def _delete_answer(self, call: Call) -> Reply:
        message = self._answer(call)
        self._interactions.delete(self._interactions.find(call.id("application"), call.params["token"]), message)
        if not message.ephemeral:
            self._desk.announce_deleted(message)
        return None
