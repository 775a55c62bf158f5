"""The server as python-telegram-bot meets it."""

import asyncio
import json
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
import telegram
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllPrivateChats,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MaybeInaccessibleMessage,
    Message,
    MessageEntity,
    ReplyParameters,
    Update,
)
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, CommandHandler, ContextTypes
from telegram.ext import MessageHandler as OnMessage
from telegram.ext import filters as accept

from . import BotApiServer, Button, Entity, faults

CHAT = 42
GROUP = -1001


@pytest.fixture(autouse=True)
def _retry_after_as_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
def server() -> Iterator[BotApiServer]:
    with BotApiServer() as running:
        yield running


@pytest_asyncio.fixture
async def bot(server: BotApiServer) -> AsyncIterator[Bot]:
    async with Bot(server.token, base_url=server.base_url) as client:
        yield client


def refused(words: str = "") -> pytest.RaisesExc[telegram.error.BadRequest]:
    """Expects a BadRequest; python-telegram-bot changes the case of Telegram's words."""
    return pytest.raises(telegram.error.BadRequest, match=f"(?i){words}")


def buttons(**payloads: str) -> InlineKeyboardMarkup:
    row = [InlineKeyboardButton(text, callback_data=data) for text, data in payloads.items()]
    return InlineKeyboardMarkup([row])


@pytest.mark.asyncio
async def test_the_bot_learns_who_it_is(bot: Bot) -> None:
    assert bot.id == 123456
    assert bot.username == "depeche_test_bot"


@pytest.mark.asyncio
async def test_a_wrong_token_is_invalid(server: BotApiServer) -> None:
    stranger = Bot("123456:WRONG", base_url=server.base_url)
    with pytest.raises(telegram.error.InvalidToken):
        await stranger.initialize()
    await stranger.shutdown()


@pytest.mark.parametrize(
    ("path", "status", "description"),
    [
        ("123456:WRONG/getMe", 401, "Unauthorized"),
        ("123456:TEST/flyToTheMoon", 404, "Not Found"),
        ("123456:TEST", 404, "Not Found"),
    ],
)
def test_strangers_and_unknown_methods_are_turned_away(
    server: BotApiServer, path: str, status: int, description: str
) -> None:
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(server.base_url + path)
    with refusal.value as answer:
        body = json.load(answer)
    assert body == {"ok": False, "error_code": status, "description": description}


@pytest.mark.parametrize("kind", ["json", "form", "multipart", "query"])
def test_parameters_come_in_every_encoding(server: BotApiServer, kind: str) -> None:
    url = f"{server.base_url}{server.token}/sendMessage"
    headers: dict[str, str] = {}
    body: bytes | None = None
    if kind == "json":
        headers = {"Content-Type": "application/json"}
        body = json.dumps({"chat_id": CHAT, "text": "310 élus"}).encode()
    elif kind == "form":
        body = b"chat_id=42&text=310+%C3%A9lus"
    elif kind == "multipart":
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        body = (
            '--x\r\nContent-Disposition: form-data; name="chat_id"\r\n\r\n42\r\n'
            '--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n310 élus\r\n'
            '--x\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n'
            "\x01\r\n--x--\r\n"
        ).encode()
    else:
        url += "?chat_id=42&text=310+%C3%A9lus"
    request = urllib.request.Request(url, data=body, headers=headers)
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["result"]["text"] == "310 élus"
    assert server.calls[0].params["chat_id"] == CHAT


@pytest.mark.asyncio
async def test_a_sent_message_is_seen_as_its_reader_sees_it(server: BotApiServer, bot: Bot) -> None:
    asked = server.say(CHAT, "Combien ?")
    html = " \n💶 <b>310 millions</b> [1] "
    await bot.send_message(
        CHAT,
        html,
        parse_mode="HTML",
        reply_parameters=ReplyParameters(asked),
        reply_markup=InlineKeyboardMarkup(
            [
                [InlineKeyboardButton("Lire [1]", url="https://courrier.example")],
                [InlineKeyboardButton("👍", callback_data="up")],
            ]
        ),
    )
    [message] = server.sent(CHAT)
    assert message.text == "💶 310 millions [1]"
    assert message.entities == (Entity("bold", 3, 12),)
    assert message.entities[0].of(message.text) == "310 millions"
    assert message.html == html
    assert message.reply_to == asked
    assert message.keyboard == (
        (Button("Lire [1]", url="https://courrier.example/"),),
        (Button("👍", callback_data="up"),),
    )
    assert message.button("👍") == "up"
    assert message.message_id > asked
    assert server.sent(CHAT, after=message.message_id) == []


@pytest.mark.asyncio
async def test_entities_may_be_given_apart_from_the_text(server: BotApiServer, bot: Bot) -> None:
    await bot.send_message(CHAT, "a <b> c", entities=[MessageEntity("italic", 2, 3)])
    assert server.sent(CHAT)[0].entities == (Entity("italic", 2, 3),)


@pytest.mark.parametrize(
    ("text", "mode", "reason"),
    [
        ("", "HTML", "message text is empty"),
        (" \n\u200b", None, "message text is empty"),
        ("<b></b>", "HTML", "message text is empty"),
        ("a" * 4097, None, "message is too long"),
        ("😀" * 2049, None, "message is too long"),
        ("<b>a", "HTML", "can't parse entities: Can't find end tag corresponding to start tag b"),
        ("a<br/>", "HTML", 'can\'t parse entities: Unsupported start tag "br/" at byte offset 1'),
    ],
)
@pytest.mark.asyncio
async def test_a_text_telegram_refuses_is_refused(
    server: BotApiServer, bot: Bot, text: str, mode: str | None, reason: str
) -> None:
    with refused(f"^{re.escape(reason)}$"):
        await bot.send_message(CHAT, text, parse_mode=mode)
    assert server.sent(CHAT) == []
    assert [call.status for call in server.calls if call.method == "sendMessage"] == [400]


@pytest.mark.asyncio
async def test_length_counts_what_parsing_leaves(server: BotApiServer, bot: Bot) -> None:
    await bot.send_message(CHAT, "<b>" + "&lt;" * 4096 + "</b>", parse_mode="HTML")
    assert server.sent(CHAT)[0].text == "<" * 4096


@pytest.mark.parametrize(
    ("button", "reason"),
    [
        ({"text": "a", "callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "callback_data": "é" * 32 + "a"}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "url": "javascript:alert(1)"}, "is invalid"),
        ({"text": "a", "url": "ftp://courrier.example/"}, "Unsupported URL protocol"),
        ({"text": "a", "url": "http://nulle part"}, "Wrong HTTP URL"),
        ({"text": "a", "url": "http://localhost/a"}, "Wrong HTTP URL"),
        ({"text": "a", "url": ""}, "Wrong HTTP URL"),
        ({"text": "a"}, "text buttons are unallowed"),
        ({"text": " ", "callback_data": "a"}, "must be non-empty"),
    ],
)
@pytest.mark.asyncio
async def test_a_button_telegram_refuses_is_refused(
    bot: Bot, button: dict[str, str], reason: str
) -> None:
    markup = {"inline_keyboard": [[button]]}
    with refused(reason):
        await bot.send_message(CHAT, "a", api_kwargs={"reply_markup": markup})


@pytest.mark.asyncio
async def test_a_button_holds_64_bytes(server: BotApiServer, bot: Bot) -> None:
    await bot.send_message(CHAT, "a", reply_markup=buttons(a="é" * 32))
    assert server.sent(CHAT)[0].button("a") == "é" * 32


@pytest.mark.asyncio
async def test_a_reply_to_nothing_is_refused_unless_allowed(server: BotApiServer, bot: Bot) -> None:
    with refused("message to be replied not found"):
        await bot.send_message(CHAT, "a", reply_to_message_id=99)
    await bot.send_message(CHAT, "a", reply_to_message_id=99, allow_sending_without_reply=True)
    assert server.sent(CHAT)[0].reply_to is None


@pytest.mark.asyncio
async def test_an_edit_changes_what_its_reader_sees(server: BotApiServer, bot: Bot) -> None:
    message = await bot.send_message(CHAT, "<b>a</b>", "HTML", reply_markup=buttons(more="m"))
    same = buttons(more="m")
    with refused("message is not modified"):
        await message.edit_text("<strong>a</strong>", "HTML", reply_markup=same)
    with refused("message is not modified"):
        await message.edit_reply_markup(same)
    await message.edit_reply_markup(buttons(less="l"))
    assert server.sent(CHAT)[0].keyboard == ((Button("less", callback_data="l"),),)
    assert server.sent(CHAT)[0].html == "<b>a</b>"
    await message.edit_text("b")
    [seen] = server.wait_for(CHAT, where=lambda m: m.text == "b")
    assert (seen.keyboard, seen.entities, seen.edits) == ((), (), 2)


@pytest.mark.asyncio
async def test_only_its_own_messages_can_be_edited_by_the_bot(
    server: BotApiServer, bot: Bot
) -> None:
    asked = server.say(CHAT, "a")
    with refused("message can't be edited"):
        await bot.edit_message_text("b", CHAT, asked)
    with refused("message to edit not found"):
        await bot.edit_message_text("b", CHAT, 99)


@pytest.mark.asyncio
async def test_a_deleted_message_is_gone(server: BotApiServer, bot: Bot) -> None:
    message = await bot.send_message(CHAT, "a")
    await message.delete()
    assert server.sent(CHAT) == []
    with refused("message to delete not found"):
        await message.delete()


@pytest.mark.asyncio
async def test_drafts_and_chat_actions_are_checked_and_leave_no_message(
    server: BotApiServer, bot: Bot
) -> None:
    assert await bot.send_message_draft(CHAT, 7, "<i>Je cherche</i>", parse_mode="HTML")
    assert await bot.send_message_draft(CHAT, 7, "")
    assert await bot.send_chat_action(CHAT, "typing")
    with refused("non-zero"):
        await bot.send_message_draft(CHAT, 0, "a")
    with refused("can't parse entities"):
        await bot.send_message_draft(CHAT, 7, "<i>", parse_mode="HTML")
    with refused():
        await bot.send_message_draft(GROUP, 7, "a")
    with refused("wrong parameter action"):
        await bot.send_chat_action(CHAT, "dancing")
    assert server.sent(CHAT) == []


@pytest.mark.asyncio
async def test_the_profile_is_kept_by_language(bot: Bot) -> None:
    ask = BotCommand("ask", "Poser une question")
    scope = BotCommandScopeAllPrivateChats()
    await bot.set_my_commands([ask], scope=scope, language_code="fr")
    assert await bot.get_my_commands(scope=scope, language_code="fr") == (ask,)
    assert await bot.get_my_commands() == ()
    await bot.set_my_description("Répond", language_code="fr")
    await bot.set_my_short_description("Bref")
    assert (await bot.get_my_description("fr")).description == "Répond"
    assert (await bot.get_my_short_description()).short_description == "Bref"
    with refused("BOT_COMMAND_INVALID"):
        await bot.set_my_commands([("Ask", "a")])
    with refused("language"):
        await bot.set_my_description("a", language_code="french")


@pytest.mark.asyncio
async def test_chats_and_members_are_told(server: BotApiServer, bot: Bot) -> None:
    assert (await bot.get_chat(GROUP)).type == "supergroup"
    for status in ("creator", "administrator", "left", "kicked"):
        server.set_member(GROUP, 7, status)
        assert (await bot.get_chat_member(GROUP, 7)).status == status
    assert (await bot.get_chat_member(GROUP, 8)).status == "member"
    with refused("chat not found"):
        await bot.get_chat("@nobody")


@pytest.mark.asyncio
async def test_an_update_comes_back_until_a_later_offset_confirms_it(
    server: BotApiServer, bot: Bot
) -> None:
    for text in "abc":
        server.say(CHAT, text)
    updates = await bot.get_updates()
    assert [update.effective_message.text for update in updates if update.effective_message] == [
        "a",
        "b",
        "c",
    ]
    assert await bot.get_updates(limit=3) == updates
    assert await bot.get_updates(offset=updates[1].update_id) == updates[1:]
    assert await bot.get_updates() == updates[1:]
    assert await bot.get_updates(offset=-1) == updates[2:]
    assert await bot.get_updates() == updates[2:]
    assert await bot.get_updates(offset=updates[2].update_id + 1) == ()
    server.wait_until_read(timeout=0)


@pytest.mark.asyncio
async def test_a_poll_waits_for_the_first_update(server: BotApiServer, bot: Bot) -> None:
    polling = asyncio.create_task(bot.get_updates(timeout=5))
    await asyncio.sleep(0.05)
    server.say(CHAT, "a")
    start = time.monotonic()
    assert len(await polling) == 1
    assert time.monotonic() - start < 1


@pytest.mark.asyncio
async def test_a_second_poll_ends_the_first(server: BotApiServer, bot: Bot) -> None:
    async with Bot(server.token, base_url=server.base_url) as twin:
        polling = asyncio.create_task(bot.get_updates(timeout=5))
        await asyncio.sleep(0.05)
        assert await twin.get_updates(timeout=0) == ()
        with pytest.raises(telegram.error.Conflict):
            await polling


@pytest.mark.asyncio
async def test_unwanted_kinds_of_update_are_lost(server: BotApiServer, bot: Bot) -> None:
    await bot.get_updates(allowed_updates=["message"])
    asked = server.say(CHAT, "a")
    server.edit(CHAT, asked, "b")
    [update] = await bot.get_updates()
    assert update.message is not None
    await bot.get_updates(offset=-1, allowed_updates=[])
    server.edit(CHAT, asked, "c")
    assert (await bot.get_updates())[-1].edited_message is not None
    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == ()


@pytest.mark.asyncio
async def test_readers_send_what_telegram_clients_send(server: BotApiServer, bot: Bot) -> None:
    yesterday = datetime(2024, 5, 3, 12, tzinfo=UTC)
    first = server.say(CHAT, "😀 /ask@depeche_test_bot et/ou https://a.example/b.", date=yesterday)
    answer = await bot.send_message(CHAT, "réponse")
    server.say(CHAT, "et lui ?", reply_to=answer.message_id, language_code="de")
    server.send_photo_update(GROUP, caption="/ask", user_id=7)
    server.sticker(GROUP)
    server.edit(CHAT, first, "/start")
    asked, follow_up, photo, sticker, edited = [
        update.effective_message for update in await bot.get_updates()
    ]
    assert asked is not None
    assert asked.date == yesterday
    assert asked.parse_entities() == {
        MessageEntity("bot_command", 3, 21): "/ask@depeche_test_bot",
        MessageEntity("url", 31, 19): "https://a.example/b",
    }
    assert asked.from_user is not None
    assert asked.from_user.id == CHAT
    assert follow_up is not None
    assert follow_up.reply_to_message == answer
    assert follow_up.from_user is not None
    assert follow_up.from_user.language_code == "de"
    assert photo is not None
    assert photo.photo
    assert photo.caption_entities[0].type == "bot_command"
    assert photo.from_user is not None
    assert (photo.chat.type, photo.from_user.id, photo.message_id) == ("supergroup", 7, 1)
    assert sticker is not None
    assert sticker.sticker is not None
    assert edited is not None
    assert edited.text == "/start"
    assert edited.edit_date is not None


async def pressed(bot: Bot) -> tuple[telegram.CallbackQuery, MaybeInaccessibleMessage]:
    """The last query waiting for the bot, and its message."""
    query = (await bot.get_updates(offset=-1))[0].callback_query
    assert query is not None
    assert query.message is not None
    return query, query.message


@pytest.mark.asyncio
async def test_a_press_carries_the_whole_message(server: BotApiServer, bot: Bot) -> None:
    asked = server.say(CHAT, "Combien ?")
    await bot.send_message(
        CHAT, "<b>a</b>", "HTML", reply_to_message_id=asked, reply_markup=buttons(plus="m:1")
    )
    [seen] = server.sent(CHAT)
    query_id = server.press(seen, "m:1")
    query, message = await pressed(bot)
    assert (query.id, query.data, query.from_user.id) == (query_id, "m:1", CHAT)
    assert isinstance(message, Message)
    assert message.text_html == "<b>a</b>"
    assert message.reply_markup == buttons(plus="m:1")
    assert message.reply_to_message is not None
    assert message.reply_to_message.text == "Combien ?"
    await query.answer("Noté")
    [call] = server.wait_for_call("answerCallbackQuery")
    assert call.params["text"] == "Noté"
    with refused("query is too old"):
        await bot.answer_callback_query("1")
    with refused("MESSAGE_TOO_LONG"):
        await bot.answer_callback_query(query_id, "a" * 201)


@pytest.mark.asyncio
async def test_only_a_forged_press_needs_no_button(server: BotApiServer, bot: Bot) -> None:
    message = await bot.send_message(CHAT, "a")
    [seen] = server.sent(CHAT)
    with pytest.raises(AssertionError, match="no button sends 'x'"):
        server.press(seen, "x")
    await message.delete()
    server.press(seen, "x", forged=True)
    query, message_left = await pressed(bot)
    assert query.data == "x"
    assert not message_left.is_accessible


@pytest.mark.asyncio
async def test_retry_after_holds_for_as_many_calls_as_asked(server: BotApiServer, bot: Bot) -> None:
    server.faults.add(faults.RetryAfter(3), times=2, chat_id=CHAT)
    await bot.send_message(GROUP, "another chat")
    for _ in range(2):
        with pytest.raises(telegram.error.RetryAfter) as refused:
            await bot.send_message(CHAT, "a")
        assert refused.value.retry_after == timedelta(seconds=3)
    await bot.send_message(CHAT, "a")
    assert server.faults.pending == 0


@pytest.mark.parametrize(
    ("fault", "error", "words", "delivered"),
    [
        (faults.Status(502), telegram.error.NetworkError, "Bad Gateway", 0),
        (faults.Status(500), telegram.error.NetworkError, "Internal Server Error", 0),
        (faults.DropBefore(), telegram.error.NetworkError, "disconnected", 0),
        (faults.DropAfter(), telegram.error.NetworkError, "disconnected", 1),
        (faults.Slow(30), telegram.error.TimedOut, "Timed out", 1),
        (faults.Forbidden(), telegram.error.Forbidden, "bot was blocked by the user", 0),
        (faults.BadRequest("rights missing"), telegram.error.BadRequest, "Rights missing", 0),
        (faults.Migrate(-100), telegram.error.ChatMigrated, "-100", 0),
        (faults.Garbage(), telegram.error.TelegramError, "Invalid server response", 1),
    ],
    ids=str,
)
@pytest.mark.asyncio
async def test_a_fault_looks_as_it_does_from_telegram(
    server: BotApiServer,
    bot: Bot,
    fault: faults.Kind,
    error: type[telegram.error.TelegramError],
    words: str,
    delivered: int,
) -> None:
    server.faults.add(kind=fault, method="sendMessage")
    with pytest.raises(error, match=words):
        await bot.send_message(CHAT, "a", read_timeout=0.3)
    assert len(server.sent(CHAT)) == delivered
    await bot.send_message(CHAT, "b")
    assert server.sent(CHAT)[-1].text == "b"


@pytest.mark.asyncio
async def test_faults_may_befall_any_method_for_good(server: BotApiServer, bot: Bot) -> None:
    server.faults.add(faults.Status(500), method=None, times=None)
    for _ in range(2):
        with pytest.raises(telegram.error.NetworkError):
            await bot.send_chat_action(CHAT, "typing")
    with pytest.raises(telegram.error.NetworkError):
        await bot.get_updates()
    server.faults.clear()
    await bot.send_chat_action(CHAT, "typing")


async def flood(bot: Bot) -> None:
    for _ in range(100):
        await bot.send_message(CHAT, "a")


@pytest.mark.asyncio
async def test_limits_are_enforced_on_demand() -> None:
    with BotApiServer(enforce_limits=True) as server:
        async with Bot(server.token, base_url=server.base_url) as bot:
            with pytest.raises(telegram.error.RetryAfter) as told:
                await flood(bot)
            [violation] = server.violations
            assert (violation.chat_id, violation.scope) == (CHAT, "private")
            assert told.value.retry_after == timedelta(seconds=violation.retry_after)
            await bot.send_chat_action(CHAT, "typing")
            await bot.send_message(GROUP, "elsewhere")
            await asyncio.sleep(violation.retry_after)
            await bot.send_message(CHAT, "a")
            assert len(server.violations) == 1


def test_a_wait_in_vain_tells_what_was_sent(server: BotApiServer) -> None:
    url = f"{server.base_url}{server.token}/sendMessage?chat_id=42&text=Bonjour"
    with urllib.request.urlopen(url):
        pass
    with pytest.raises(AssertionError, match=r"(?s)1 of 2 messages to chat 42.*Bonjour.*-> 200"):
        server.wait_for(CHAT, 2, timeout=0.05)
    with pytest.raises(AssertionError, match="0 of 1 calls of getChat"):
        server.wait_for_call("getChat", timeout=0.05)
    server.say(CHAT, "a")
    with pytest.raises(AssertionError, match="1 updates unread"):
        server.wait_until_read(timeout=0.05)


def test_closing_ends_polls_and_idle_connections_at_once() -> None:
    with BotApiServer(longest_poll=60) as server:
        port = int(server.url.rpartition(":")[2])
        idle = socket.create_connection(("127.0.0.1", port))
        polling = socket.create_connection(("127.0.0.1", port))
        path = f"/bot{server.token}/getUpdates?timeout=60"
        polling.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        halfway = socket.create_connection(("127.0.0.1", port))
        path = f"/bot{server.token}/sendMessage?chat_id=42&text=a"
        halfway.sendall(f"POST {path} HTTP/1.1\r\nContent-Length: 9\r\n\r\nab".encode())
        halfway.shutdown(socket.SHUT_WR)
        assert halfway.recv(1) == b""
        start = time.monotonic()
    assert time.monotonic() - start < 1
    assert server.sent(CHAT) == []
    for connection in (idle, polling, halfway):
        connection.close()


@pytest.mark.asyncio
async def test_a_whole_application_runs_against_it(server: BotApiServer) -> None:
    async def ask(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.effective_message is not None
        await update.effective_message.reply_html(
            f"<b>{' '.join(context.args or ['?'])}</b>", reply_markup=buttons(plus="more")
        )

    async def more(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        assert query is not None
        await query.answer()
        await query.edit_message_text("voilà")

    app = ApplicationBuilder().token(server.token).base_url(server.base_url).build()
    app.add_handler(CommandHandler("ask", ask))
    app.add_handler(CallbackQueryHandler(more))
    app.add_handler(OnMessage(accept.TEXT, ask))
    async with app:
        assert app.updater is not None
        await app.updater.start_polling()
        await app.start()
        asked = server.say(CHAT, "/ask le tram")
        [answer] = await asyncio.to_thread(server.wait_for, CHAT, after=asked)
        assert (answer.text, answer.keyboard[0][0].text) == ("le tram", "plus")
        server.press(answer, "more")
        await asyncio.to_thread(server.wait_for, CHAT, where=lambda m: m.text == "voilà")
        server.say(GROUP, "bonjour")
        await asyncio.to_thread(server.wait_for, GROUP)
        await app.updater.stop()
        await app.stop()
    server.wait_until_read()
