"""What readers do: write, press buttons, send photos and stickers, change what they wrote."""

import time
from datetime import datetime

from .text import JsonDict, find_entities
from .world import SentMessage, World, entities_json

_SOMEONE = 1001  # who speaks in a group unless the test says
_PRIVATE = "private"


class Readers:
    """The side of the server that plays the people; each act queues one update for the bot."""

    world: World

    def say(
        self,
        chat_id: int,
        text: str,
        *,
        user_id: int | None = None,
        language_code: str | None = "fr",
        chat_type: str | None = None,
        reply_to: int | None = None,
        date: datetime | None = None,
    ) -> int:
        """Write to a chat; returns the message id.

        `chat_type` counts the first time a chat is met; where None, a positive id is a private
        chat, whose reader has the same id, and a negative one a supergroup. `reply_to` is the
        id of a message there; `date` is now where None.
        """
        content: JsonDict = {"text": text, **entities_json(find_entities(text))}
        return self._send(chat_id, content, user_id, language_code, chat_type, reply_to, date)

    def post(self, chat_id: int, text: str) -> int:
        """Write to a channel, as one of its admins does; returns the message id."""
        content: JsonDict = {"text": text, **entities_json(find_entities(text))}
        with self.world.changed:
            chat = self.world.chat(chat_id, "channel")
            message = self.world.add_message(chat, {}, {**content, "sender_chat": chat})
            del message["from"]  # nobody is named
            self.world.updates.push("channel_post", message)
            message_id: int = message["message_id"]
            return message_id

    def send_photo_update(
        self,
        chat_id: int,
        *,
        caption: str | None = None,
        user_id: int | None = None,
        language_code: str | None = "fr",
        chat_type: str | None = None,
    ) -> int:
        """Send a photo; returns the message id."""
        photo = {"file_id": "photo", "file_unique_id": "p", "width": 90, "height": 60}
        content: JsonDict = {"photo": [photo]}
        if caption:
            content["caption"] = caption
            if found := find_entities(caption):
                content["caption_entities"] = [entity.as_json() for entity in found]
        return self._send(chat_id, content, user_id, language_code, chat_type)

    def sticker(
        self,
        chat_id: int,
        *,
        user_id: int | None = None,
        language_code: str | None = "fr",
        chat_type: str | None = None,
    ) -> int:
        """Send a sticker; returns the message id."""
        sticker = {
            "file_id": "sticker",
            "file_unique_id": "s",
            "type": "regular",
            "width": 512,
            "height": 512,
            "is_animated": False,
            "is_video": False,
            "emoji": "👍",
        }
        return self._send(chat_id, {"sticker": sticker}, user_id, language_code, chat_type)

    def edit(self, chat_id: int, message_id: int, text: str) -> None:
        """Change the text of a reader's message. Raises KeyError where there is none."""
        with self.world.changed:
            old = self.world.messages[chat_id, message_id]
            kept = {name: value for name, value in old.items() if name != "entities"}
            message = {
                **kept,
                "text": text,
                **entities_json(find_entities(text)),
                "edit_date": int(time.time()),
            }
            self.world.messages[chat_id, message_id] = message
            self.world.updates.push("edited_message", message)

    def press(
        self,
        message: SentMessage,
        callback_data: str,
        *,
        user_id: int | None = None,
        language_code: str | None = "fr",
        forged: bool = False,
    ) -> str:
        """Press the button of this payload under a message of the bot; returns the query's id.

        The button must be there now, unless `forged`, as from a screen left open or a client
        that sends what it likes. The query carries the message as it is now; once deleted, only
        its id.
        """
        key = message.chat_id, message.message_id
        with self.world.changed:
            now = self.world.sent.get(key)
            buttons = [button for row in now.keyboard for button in row] if now else []
            if not forged and callback_data not in [button.callback_data for button in buttons]:
                raise AssertionError(f"no button sends {callback_data!r} under {now or message}")
            chat = self.world.chat(message.chat_id)
            query_id = str(7_000_000_000 + len(self.world.callbacks))
            self.world.callbacks.add(query_id)
            gone = {"chat": chat, "message_id": message.message_id, "date": 0}
            query = {
                "id": query_id,
                "from": self.world.user(_speaker(chat, user_id), language_code),
                "message": self.world.messages.get(key, gone),
                "chat_instance": str(message.chat_id),
                "data": callback_data,
            }
            self.world.updates.push("callback_query", query)
            return query_id

    def push(self, kind: str, payload: JsonDict) -> int:
        """Queue an update of any other kind, such as my_chat_member; returns the update's id."""
        return self.world.updates.push(kind, payload)

    def set_member(self, chat_id: int, user_id: int, status: str) -> None:
        """What getChatMember says: creator, administrator, member, left or kicked."""
        with self.world.changed:
            self.world.members[chat_id, user_id] = status

    def _send(
        self,
        chat_id: int,
        content: JsonDict,
        user_id: int | None,
        language_code: str | None,
        chat_type: str | None,
        reply_to: int | None = None,
        date: datetime | None = None,
    ) -> int:
        with self.world.changed:
            chat = self.world.chat(chat_id, chat_type)
            sender = self.world.user(_speaker(chat, user_id), language_code)
            if reply_to is not None:
                content["reply_to_message"] = self.world.quoted(chat_id, reply_to)
            if date is not None:
                content["date"] = int(date.timestamp())
            message = self.world.add_message(chat, sender, content)
            self.world.updates.push("message", message)
            message_id: int = message["message_id"]
            return message_id


def _speaker(chat: JsonDict, user_id: int | None) -> int:
    if user_id is not None:
        return user_id
    return int(chat["id"]) if chat["type"] == _PRIVATE else _SOMEONE
