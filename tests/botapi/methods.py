"""The methods of the Bot API that the bot uses, each a function of the world and its parameters.

Every one runs with the world's lock held and answers what goes under "result", or raises
ApiError. https://core.telegram.org/bots/api#available-methods
"""

import json
import re
import time
from collections.abc import Callable
from typing import Any

from .errors import ApiError, bad_request, too_many_requests
from .html import ParseError, parse_html
from .keyboards import check_markup
from .text import Entity, JsonDict, find_entities, is_empty, tidy, utf16_length
from .world import World, entities_json, sent_message

_LONGEST_MESSAGE = 4096  # UTF-16 code units, after parsing
_LONGEST_ANSWER = 200  # characters of answerCallbackQuery
_ACTIONS = frozenset(
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document "
    "choose_sticker find_location record_video_note upload_video_note".split()
)
_ADMIN_RIGHTS = (
    "can_be_edited is_anonymous can_manage_chat can_delete_messages can_manage_video_chats "
    "can_restrict_members can_promote_members can_change_info can_invite_users can_post_stories "
    "can_edit_stories can_delete_stories"
).split()

Method = Callable[[World, JsonDict], object]


def get_me(world: World, params: JsonDict) -> JsonDict:
    return {
        **world.bot,
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
    }


def get_updates(world: World, params: JsonDict) -> list[JsonDict]:
    return world.updates.poll(
        params.get("offset", 0),
        params.get("limit", 100),
        min(params.get("timeout", 0), world.longest_poll),
        params.get("allowed_updates"),
    )


def delete_webhook(world: World, params: JsonDict) -> bool:
    if params.get("drop_pending_updates"):
        world.updates.drop_all()
    return True


def send_message(world: World, params: JsonDict) -> JsonDict:
    chat = _chat(world, params)
    text, entities = _formatted(params)
    markup = check_markup(params.get("reply_markup"))
    content: JsonDict = {"text": text, **entities_json(entities)}
    if markup:
        content["reply_markup"] = markup
    if reply := params.get("reply_parameters"):
        if (chat["id"], reply.get("message_id")) in world.messages:
            content["reply_to_message"] = world.quoted(chat["id"], reply["message_id"])
        elif not reply.get("allow_sending_without_reply"):
            raise bad_request("message to be replied not found")
    now = time.monotonic()
    if world.enforce_limits:
        private = chat["type"] == "private"
        if violation := world.limits.admit(chat["id"], private=private, now=now):
            raise too_many_requests(violation.retry_after)
    message = world.add_message(chat, world.bot, content)
    world.sent[chat["id"], message["message_id"]] = sent_message(message, params["text"], now)
    return message


def send_message_draft(world: World, params: JsonDict) -> bool:
    if _chat(world, params)["type"] != "private":
        raise bad_request("chat type is not supported by the method")
    if not isinstance(params.get("draft_id"), int) or params["draft_id"] == 0:
        raise bad_request("draft_id must be non-zero")
    if params.get("text"):
        _formatted(params)
    return True


def send_chat_action(world: World, params: JsonDict) -> bool:
    _chat(world, params)
    if params.get("action") not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    return True


def edit_message_text(world: World, params: JsonDict) -> JsonDict:
    message = _own_message(world, params)
    text, entities = _formatted(params)
    changed = {
        name: value for name, value in message.items() if name not in ("entities", "reply_markup")
    }
    changed |= {"text": text, **entities_json(entities)}
    if markup := check_markup(params.get("reply_markup")):
        changed["reply_markup"] = markup
    return _replace(world, message, changed, params["text"])


def edit_message_reply_markup(world: World, params: JsonDict) -> JsonDict:
    message = _own_message(world, params)
    changed = {name: value for name, value in message.items() if name != "reply_markup"}
    if markup := check_markup(params.get("reply_markup")):
        changed["reply_markup"] = markup
    return _replace(world, message, changed, None)


def delete_message(world: World, params: JsonDict) -> bool:
    key = _chat(world, params)["id"], params.get("message_id")
    if key not in world.messages:
        raise bad_request("message to delete not found")
    del world.messages[key]
    world.sent.pop(key, None)
    return True


def answer_callback_query(world: World, params: JsonDict) -> bool:
    if str(params.get("callback_query_id")) not in world.callbacks:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if len(params.get("text", "")) > _LONGEST_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    return True


def get_chat(world: World, params: JsonDict) -> JsonDict:
    return {
        **_chat(world, params),
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": {
            "unlimited_gifts": False,
            "limited_gifts": False,
            "unique_gifts": False,
            "premium_subscription": False,
            "gifts_from_channels": False,
        },
    }


def get_chat_member(world: World, params: JsonDict) -> JsonDict:
    """The membership a test has set; "member" where it has set none."""
    chat, user_id = _chat(world, params), params.get("user_id")
    if not isinstance(user_id, int):
        raise bad_request("invalid user_id specified")
    status = world.members.get((chat["id"], user_id), "member")
    member: JsonDict = {"user": world.user(user_id), "status": status}
    if status == "creator":
        member["is_anonymous"] = False
    elif status == "administrator":
        member |= dict.fromkeys(_ADMIN_RIGHTS, False)
    elif status == "kicked":
        member["until_date"] = 0
    return member


def set_my_commands(world: World, params: JsonDict) -> bool:
    commands = params.get("commands", [])
    for command in commands:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", command.get("command", "")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(command.get("description", "")) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    world.profile["commands", _scope(params), _language(params)] = commands
    return True


def get_my_commands(world: World, params: JsonDict) -> object:
    return world.profile.get(("commands", _scope(params), _language(params)), [])


def _setter(name: str, longest: int) -> Method:
    def set_profile(world: World, params: JsonDict) -> bool:
        if len(params.get(name, "")) > longest:
            raise bad_request(f"{name} is too long")
        world.profile[name, _language(params)] = params.get(name, "")
        return True

    return set_profile


def _getter(name: str) -> Method:
    def get_profile(world: World, params: JsonDict) -> JsonDict:
        return {name: world.profile.get((name, _language(params)), "")}

    return get_profile


# By name in lower case: Telegram does not mind the case of a method.
METHODS: dict[str, Method] = {
    "getme": get_me,
    "getupdates": get_updates,
    "deletewebhook": delete_webhook,
    "sendmessage": send_message,
    "sendmessagedraft": send_message_draft,
    "sendchataction": send_chat_action,
    "editmessagetext": edit_message_text,
    "editmessagereplymarkup": edit_message_reply_markup,
    "deletemessage": delete_message,
    "answercallbackquery": answer_callback_query,
    "getchat": get_chat,
    "getchatmember": get_chat_member,
    "setmycommands": set_my_commands,
    "getmycommands": get_my_commands,
    "setmydescription": _setter("description", 512),
    "getmydescription": _getter("description"),
    "setmyshortdescription": _setter("short_description", 120),
    "getmyshortdescription": _getter("short_description"),
}


def call(world: World, method: str, params: JsonDict) -> object:
    """The result of the method. Raises ApiError, 404 where there is no such method."""
    if method.lower() not in METHODS:
        raise ApiError(404)
    with world.changed:
        result = METHODS[method.lower()](world, params)
        world.changed.notify_all()
        return result


def _chat(world: World, params: JsonDict) -> JsonDict:
    chat_id = params.get("chat_id")
    if chat_id in (None, ""):
        raise bad_request("chat_id is empty")
    if not isinstance(chat_id, int) or chat_id == 0:
        raise bad_request("chat not found")
    return world.chat(chat_id)


def _own_message(world: World, params: JsonDict) -> JsonDict:
    key = _chat(world, params)["id"], params.get("message_id")
    if key not in world.messages:
        raise bad_request("message to edit not found")
    if key not in world.sent:
        raise bad_request("message can't be edited")
    return world.messages[key]


def _formatted(params: JsonDict) -> tuple[str, list[Entity]]:
    """The text of the call as it will be shown, with all its entities."""
    written = params.get("text", "")
    mode = params.get("parse_mode", "").lower()
    if mode == "html":
        try:
            text, entities = parse_html(written)
        except ParseError as error:
            raise bad_request(str(error)) from error
    elif mode:
        raise bad_request("unsupported parse_mode")
    else:
        text, entities = tidy(written, _given_entities(written, params.get("entities") or []))
    if is_empty(text):
        raise bad_request("message text is empty")
    if utf16_length(text) > _LONGEST_MESSAGE:
        raise bad_request("message is too long")
    return text, find_entities(text, entities)


def _given_entities(text: str, given: list[JsonDict]) -> list[Entity]:
    known = {"type", "offset", "length", "url", "language", "custom_emoji_id"}
    entities = [Entity(**{k: v for k, v in one.items() if k in known}) for one in given]
    for entity in entities:
        if entity.offset < 0 or entity.length < 0 or entity.end > utf16_length(text):
            raise bad_request("ENTITY_BOUNDS_INVALID")
    return entities


def _replace(world: World, old: JsonDict, new: JsonDict, html: str | None) -> JsonDict:
    if {**old, "edit_date": 0} == {**new, "edit_date": 0}:
        raise bad_request(
            "message is not modified: specified new message content and reply markup are "
            "exactly the same as a current content and reply markup of the message"
        )
    key = new["chat"]["id"], new["message_id"]
    seen = world.sent[key]
    new["edit_date"] = int(time.time())
    world.messages[key] = new
    world.sent[key] = sent_message(
        new, seen.html if html is None else html, seen.at, seen.edits + 1
    )
    return new


def _language(params: JsonDict) -> str:
    language: Any = params.get("language_code") or ""
    if not re.fullmatch(r"([a-z]{2})?", language):
        raise bad_request("invalid language code specified")
    return str(language)


def _scope(params: JsonDict) -> str:
    return json.dumps(params.get("scope") or {"type": "default"}, sort_keys=True)
