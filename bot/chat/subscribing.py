"""The conversation about subscriptions: making, listing, changing and ending them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.alerts.proposing import topic_of
from bot.alerts.subscription import (
    LONGEST_TOPIC,
    MIDNIGHT,
    Chat,
    ChatKind,
    Schedule,
    Subscription,
    SubscriptionState,
)
from bot.alerts.subscriptions import Proposal, Subscriptions, TooMany
from bot.alerts.topics import Previewed, TopicIndex, newest_run
from bot.answering.filters import split_filter
from bot.assistant import Assistant
from bot.chat.actions import (
    AlertAction,
    ChatAction,
    OnAlert,
    OnChat,
    OnSubscription,
    SubscriptionAction,
)
from bot.chat.markup import Reply, message
from bot.chat.sources import shortened
from bot.chat.subscription_cards import (
    DAYS,
    LIST,
    deleted_card,
    followed_card,
    limits_menu,
    list_card,
    schedule_menu,
    sensitivity_menu,
    source_key,
    subscription_card,
)
from bot.chat.time_settings import quiet_hours, settings_card, time_zone
from bot.i18n import translate
from index.articles.article import UNKNOWN_LANGUAGE
from index.query import Filter, Query
from index.topics import Sensitivity, bare_topic

# With what each is for, as in bot.chat.conversation.
SUBSCRIPTION_COMMANDS = {
    "subscribe": "Follow a topic, and be told of new articles about it",
    "subscriptions": "The topics you follow",
    "unsubscribe": "Stop following a topic",
    "settings": "Your time zone and quiet hours",
}

_SOURCES, _LANGUAGES = 8, 6  # offered as limits


@dataclass(frozen=True, slots=True)
class Where:
    """The chat that something was said or pressed in, and by whom."""

    chat_id: int
    kind: ChatKind
    language: str
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What comes of it."""

    reply: Reply | None = None
    edit: bool = False  # in place of the message whose button was pressed
    toast: str = ""  # shown for a moment
    asks: bool = False  # the next text is the answer to it


class SubscriptionTalk:
    """Replies to what a reader does about subscriptions."""

    def __init__(
        self, subscriptions: Subscriptions, assistant: Assistant, topics: TopicIndex
    ) -> None:
        self._subscriptions = subscriptions
        self._assistant = assistant
        self._topics = topics

    async def subscribe(self, where: Where, text: str) -> Said:
        """A draft of the topic, or the question for one."""
        await self._meet(where)
        topic, _ = split_filter(" ".join(text.split()))
        if not topic:
            return await self._ask(where, ask_topic(where.language))
        await self.is_topic(where)  # what is named need not be asked for any more
        return await self._propose(where, text)

    async def is_topic(self, where: Where) -> bool:
        """Whether a text that comes now is the topic that was asked for."""
        return await self._subscriptions.asked(where.chat_id, where.user_id)

    async def follow(self, where: Where, question: str) -> Said:
        """A draft of the topic that a question is about."""
        await self._meet(where)
        return await self._propose(where, topic_of(question))

    async def listing(self, where: Where, *, edit: bool = False) -> Said:
        """The topics of the chat, with what can be done about each."""
        language = where.language
        listed = await self._subscriptions.listed(where.chat_id)
        if not listed:
            nothing = translate("You follow no topic yet: /subscribe begins one.", language)
            return Said(message(nothing), edit)
        return Said(list_card(listed, language), edit)

    async def unsubscribe(self, where: Where, text: str) -> Said:
        """End the one that is named, or list them all."""
        wanted = " ".join(text.casefold().split())
        for subscription in await self._subscriptions.listed(where.chat_id):
            if wanted and wanted == " ".join(subscription.topic.casefold().split()):
                return await self._delete(where, subscription.id, edit=False)
        return await self.listing(where)

    async def settings(self, where: Where, text: str = "", *, edit: bool = False) -> Said:
        """The chat's time zone and quiet hours, changed by what the text says."""
        chat = await self._meet(where)
        wanted = text.strip()
        if wanted:
            if quiet := quiet_hours(wanted):
                await self._subscriptions.set_quiet(where.chat_id, quiet[0])
            elif zone := time_zone(wanted):
                await self._subscriptions.set_zone(where.chat_id, zone)
            else:
                unknown = translate(
                    "I do not understand {text}. Write a time zone, such as Europe/Brussels, or "
                    "quiet hours, such as 22-7.",
                    where.language,
                    text=wanted[:LONGEST_TOPIC],
                )
                return Said(message(unknown))
            chat = await self._subscriptions.chat(where.chat_id) or chat
        return Said(settings_card(chat, where.language), edit)

    async def pressed(
        self, where: Where, action: SubscriptionAction | AlertAction | ChatAction
    ) -> Said:
        if isinstance(action, ChatAction):
            if action.kind is OnChat.SETTINGS:
                return await self.settings(where, edit=True)
            return await self.settings(where, action.value, edit=True)
        if isinstance(action, AlertAction):
            return await self._on_alert(where, action)
        return await self._on_subscription(where, action)

    async def _propose(self, where: Where, text: str) -> Said:
        language = where.language
        # What databases refuse, and no reader misses.
        text = text.encode("utf-8", "replace").decode().replace("\0", "")
        topic, filter = split_filter(" ".join(text.split()))
        if not any(map(str.isalnum, bare_topic(topic))):
            return await self._ask(where, ask_words(language))
        if len(topic) > LONGEST_TOPIC:
            long = translate(
                "That is {length} characters long: please name the topic in at most {limit}.",
                language,
                length=len(topic),
                limit=LONGEST_TOPIC,
            )
            return await self._ask(where, long)
        proposal = await asyncio.to_thread(self._understood, topic, filter, language)
        try:
            draft = await self._subscriptions.draft(where.chat_id, proposal)
        except TooMany:
            return Said(self._too_many(language))
        return Said(await self._card(draft, language))

    def _understood(self, topic: str, filter: Filter, language: str) -> Proposal:
        query = Query.of(bare_topic(topic), language)
        with self._assistant.generation() as generation:
            since = newest_run(generation)
        return Proposal(
            topic,
            query.language,
            self._topics.vector(topic),
            self._topics.model,
            since,
            tuple(sorted(filter.sources))[:_SOURCES],
            tuple(sorted(filter.languages))[:_LANGUAGES],
        )

    async def _on_alert(self, where: Where, action: AlertAction) -> Said:
        found = await self._subscriptions.of_alert(where.chat_id, action.id)
        if found is None:
            return Said(toast=_gone(where.language))
        if action.kind is OnAlert.STOP:
            return await self._delete(where, found.id, edit=False)
        if found.state is SubscriptionState.DELETED:
            return Said(toast=_gone(where.language))
        if action.kind is OnAlert.SUBSCRIPTION:
            return Said(await self._card(found, where.language))
        stricter = action.kind is OnAlert.NOT_ABOUT
        await self._subscriptions.adjust(where.chat_id, found.id, stricter)
        noted = (
            translate("Noted: I will be stricter about “{topic}”.", where.language,
                      topic=shortened(found.topic))
            if stricter
            else translate("Noted: I will tell you more about “{topic}”.", where.language,
                           topic=shortened(found.topic))
        )  # fmt: skip
        return Said(toast=noted)

    async def _on_subscription(self, where: Where, action: SubscriptionAction) -> Said:
        chat_id, id, language = where.chat_id, action.id, where.language
        found = await self._subscriptions.find(chat_id, id)
        if found is None:
            return Said(toast=_gone(language))
        match action.kind:
            case OnSubscription.CONFIRM:
                return await self._confirm(where, id)
            case OnSubscription.CANCEL:
                return await self._cancel(where, found)
            case OnSubscription.DELETE:
                return await self._delete(where, id, edit=True)
            case OnSubscription.UNDO if found.state is SubscriptionState.DELETED:
                return await self._set_state(where, action, SubscriptionState.ACTIVE)
        if found.state is SubscriptionState.DELETED:
            return Said(toast=_gone(language))
        match action.kind:
            case OnSubscription.PAUSE if found.state is not SubscriptionState.DRAFT:
                return await self._set_state(where, action, SubscriptionState.PAUSED)
            case OnSubscription.RESUME if found.state is not SubscriptionState.DRAFT:
                return await self._set_state(where, action, SubscriptionState.ACTIVE)
        if changed := await asyncio.to_thread(self._changed, found, action):
            found = await self._subscriptions.change(chat_id, id, **changed) or found
        chat = await self._subscriptions.chat(chat_id)
        match action.kind:
            case OnSubscription.SENSITIVITY if not action.value:
                return Said(sensitivity_menu(found, language), edit=True)
            case OnSubscription.SCHEDULE if chat and action.value != Schedule.NOW:
                return Said(schedule_menu(found, chat, language), edit=True)
            case OnSubscription.HOUR | OnSubscription.WEEKDAY if chat:
                return Said(schedule_menu(found, chat, language), edit=True)
            case (
                OnSubscription.LIMITS
                | OnSubscription.LANGUAGE
                | OnSubscription.SOURCE
                | OnSubscription.UPDATES
            ):
                return Said(await self._limits_menu(found, language), edit=True)
        return Said(await self._card(found, language), edit=action.kind is not OnSubscription.SHOW)

    def _changed(self, found: Subscription, action: SubscriptionAction) -> dict[str, object]:
        """The columns that a choice sets; none for a button that only opens a menu, or whose
        value is none of ours. Blocking."""
        value = action.value
        match action.kind:
            case OnSubscription.SENSITIVITY if value in [*Sensitivity]:
                return {"sensitivity": value, "adjustment": 0.0}
            case OnSubscription.SCHEDULE if value in [*Schedule]:
                return {"schedule": value}
            case OnSubscription.HOUR if value.isdecimal() and int(value) < MIDNIGHT:
                return {"minute": int(value)}
            case OnSubscription.WEEKDAY if value.isdecimal() and int(value) < DAYS:
                return {"weekday": int(value)}
            case OnSubscription.LANGUAGE if value in [*self._facets()[0], *found.languages]:
                return {"languages": _toggled(found.languages, value)}
            case OnSubscription.SOURCE:
                named = [s for s in (*self._facets()[1], *found.sources) if source_key(s) == value]
                return {"sources": _toggled(found.sources, named[0])} if named else {}
            case OnSubscription.UPDATES if value in ("yes", "no"):
                return {"updates": value == "yes"}
        return {}

    async def _confirm(self, where: Where, id: int) -> Said:
        def newest() -> datetime | None:
            with self._assistant.generation() as generation:
                return newest_run(generation)

        since = await asyncio.to_thread(newest)
        try:
            confirmed = await self._subscriptions.confirm(where.chat_id, id, since)
        except TooMany:
            return Said(self._too_many(where.language))
        if confirmed is None:
            return Said(toast=_gone(where.language))
        subscription, _ = confirmed
        if subscription.state is SubscriptionState.DELETED:
            return Said(toast=_gone(where.language))
        return Said(followed_card(subscription, where.language), edit=True)

    async def _cancel(self, where: Where, found: Subscription) -> Said:
        if found.state is SubscriptionState.DRAFT:
            await self._subscriptions.set_state(where.chat_id, found.id, SubscriptionState.DELETED)
        return Said(message(translate("Nothing was changed.", where.language)), edit=True)

    async def _delete(self, where: Where, id: int, *, edit: bool) -> Said:
        found = await self._subscriptions.set_state(where.chat_id, id, SubscriptionState.DELETED)
        if found is None:
            return Said(toast=_gone(where.language))
        return Said(deleted_card(found, where.language), edit)

    async def _set_state(
        self, where: Where, action: SubscriptionAction, state: SubscriptionState
    ) -> Said:
        try:
            found = await self._subscriptions.set_state(where.chat_id, action.id, state)
        except TooMany:
            return Said(self._too_many(where.language))
        if found is None:
            return Said(toast=_gone(where.language))
        if action.value == LIST:
            return await self.listing(where, edit=True)
        if action.kind is OnSubscription.UNDO:
            return Said(followed_card(found, where.language), edit=True)
        return Said(await self._card(found, where.language), edit=True)

    async def _card(self, subscription: Subscription, language: str) -> Reply:
        """A subscription, or the draft of one: what it would have brought, and its choices."""

        def preview() -> list[Previewed]:
            with self._assistant.generation() as generation:
                return self._topics.preview(generation, subscription)

        found = await asyncio.to_thread(preview)
        return subscription_card(subscription, found, language)

    async def _limits_menu(self, subscription: Subscription, language: str) -> Reply:
        languages, sources = await asyncio.to_thread(self._facets)
        return limits_menu(subscription, languages, sources, language)

    def _facets(self) -> tuple[list[str], list[str]]:
        """The languages and papers that are offered as limits."""
        with self._assistant.generation() as generation:
            store = generation.store
            languages = [c for c in store.languages(_LANGUAGES) if c != UNKNOWN_LANGUAGE]
            return languages, store.sources(_SOURCES)

    def _too_many(self, language: str) -> Reply:
        return message(
            translate(
                "You follow {most} topics, which is as many as one chat can have here. "
                "/subscriptions shows them: delete one, and there is room for another.",
                language,
                most=self._subscriptions.most,
            )
        )

    async def _ask(self, where: Where, question: str) -> Said:
        """The next text is the topic, or the next attempt at one."""
        await self._subscriptions.ask(where.chat_id, where.user_id)
        return Said(message(question), asks=True)

    async def _meet(self, where: Where) -> Chat:
        return await self._subscriptions.meet(where.chat_id, where.kind, where.language)


def ask_topic(language: str) -> str:
    """The question for a topic; the text that answers it is one."""
    return translate(
        "What do you want to follow? Write it in your own words, such as: price of electricity.",
        language,
    )


def ask_words(language: str) -> str:
    """Likewise, where what was written has none."""
    return translate("I only understand words. What do you want to follow?", language)


def _gone(language: str) -> str:
    return translate("This subscription is no longer there.", language)


def _toggled(values: Sequence[str], value: str) -> list[str]:
    return [v for v in values if v != value] if value in values else [*values, value]
