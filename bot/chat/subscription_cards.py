"""Subscriptions as they are shown: one, all of a chat's, and the menus to change them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256

from babel import Locale, UnknownLocaleError
from babel.dates import get_day_names

from bot.alerts.subscription import Chat, Schedule, Subscription, SubscriptionState
from bot.alerts.topics import Previewed
from bot.chat.actions import OnSubscription, SubscriptionAction
from bot.chat.markup import Block, Button, Reply, Span, paragraph
from bot.chat.sources import article_line, brief_excerpt, one_line, shortened, signed
from bot.chat.time_settings import clock_time
from bot.i18n import translate, translate_plural
from index.topics import Sensitivity

LIST = "list"  # as an action's value: it was pressed in the list
DAYS = 7
_BRIEF = 110  # characters on either side of a sentence of a preview
_HOURS_IN_A_ROW = 6
_LONGEST_LISTED = 80  # characters of a topic in the list: twenty fit one message


def list_card(listed: Sequence[Subscription], language: str) -> Reply:
    """The topics of a chat, with what can be done about each."""
    title = translate_plural(
        "You follow {count} topic:", "You follow {count} topics:", len(listed), language
    )
    blocks = [paragraph(Span(title, bold=True))]
    rows = []
    for number, subscription in enumerate(listed, start=1):
        paused = subscription.state is SubscriptionState.PAUSED
        state = translate("paused", language) if paused else _summary(subscription, language)
        topic = Span(shortened(subscription.topic, _LONGEST_LISTED), bold=True)
        blocks.append(paragraph(f"{number}. ", topic, f" · {state}", tight=number > 1))
        toggle = OnSubscription.RESUME if paused else OnSubscription.PAUSE
        rows.append(
            (
                _button(f"⚙️ {number}", subscription, OnSubscription.SHOW),
                _button("▶️" if paused else "⏸", subscription, toggle, LIST),
                _button("🗑", subscription, OnSubscription.DELETE, LIST),
            )
        )
    return Reply(tuple(blocks), tuple(rows))


def subscription_card(
    subscription: Subscription, found: Sequence[Previewed], language: str
) -> Reply:
    """A subscription, or the draft of one, with its choices.

    :param found: what it would have brought.
    """
    blocks = [
        paragraph(Span(f"🔔 {one_line(subscription.topic)}", bold=True)),
        *_limits(subscription, language),
        *_previewed(found, language),
    ]
    s, on = subscription, OnSubscription
    choices = (
        (_button(_sensitivity_label(s.sensitivity, language), s, on.SENSITIVITY),),
        (_button(_schedule_label(s, language), s, on.SCHEDULE),),
        (_button(translate("Sources, languages, updates", language), s, on.LIMITS),),
    )
    if subscription.state is SubscriptionState.DRAFT:
        first = (
            _button(signed("✅", translate("Follow", language)), s, on.CONFIRM),
            _button(translate("Cancel", language), s, on.CANCEL),
        )
        return Reply(tuple(blocks), (first, *choices))
    paused = subscription.state is SubscriptionState.PAUSED
    last = (
        _button(signed("▶️", translate("Resume", language)), s, on.RESUME)
        if paused
        else _button(signed("⏸", translate("Pause", language)), s, on.PAUSE),
        _button(signed("🗑", translate("Delete", language)), s, on.DELETE),
    )
    return Reply(tuple(blocks), (*choices, last))


def limits_menu(
    subscription: Subscription, languages: Sequence[str], sources: Sequence[str], language: str
) -> Reply:
    """:param languages: of the corpus, that are offered; `sources` likewise."""
    s, on = subscription, OnSubscription
    codes = [c for c in dict.fromkeys([*languages, *s.languages]) if re.fullmatch("[a-z]{2,3}", c)]
    rows = [
        tuple(
            _choice(_language_name(code, language), code in s.languages, s, on.LANGUAGE, code)
            for code in pair
        )
        for pair in _pairs(codes)
    ]
    rows += [
        (_choice(shortened(name), name in s.sources, s, on.SOURCE, source_key(name)),)
        for name in dict.fromkeys([*sources, *s.sources])
        if name.strip()
    ]
    changes = translate("Tell me also when an article changes", language)
    rows.append((_choice(changes, s.updates, s, on.UPDATES, "no" if s.updates else "yes"),))
    rows.append((_back(s, language),))
    explained = translate(
        "Articles in which languages, of which papers? Where none is marked, all are.",
        language,
    )
    return Reply((_title(s), paragraph(explained)), tuple(rows))


def followed_card(subscription: Subscription, language: str) -> Reply:
    told = translate("You follow “{topic}”.", language, topic=one_line(subscription.topic))
    when = _summary(subscription, language)
    more = translate("/subscriptions lists and changes what you follow.", language)
    s, on = subscription, OnSubscription
    row = (
        _button(signed("⚙️", translate("Settings", language)), s, on.SHOW),
        _button(signed("🗑", translate("Delete", language)), s, on.DELETE),
    )
    return Reply((paragraph(f"🔔 {told}"), paragraph(when, tight=True), paragraph(more)), (row,))


def deleted_card(subscription: Subscription, language: str) -> Reply:
    """It is gone, and can be had back."""
    told = translate(
        "You no longer follow “{topic}”.", language, topic=one_line(subscription.topic)
    )
    undo = _button(signed("↩️", translate("Undo", language)), subscription, OnSubscription.UNDO)
    return Reply((paragraph(told),), ((undo,),))


def sensitivity_menu(subscription: Subscription, language: str) -> Reply:
    explained = translate("How much do you want to be told?", language)
    rows = [
        (
            _choice(
                _sensitivity_label(sensitivity, language),
                sensitivity is subscription.sensitivity,
                subscription,
                OnSubscription.SENSITIVITY,
                sensitivity,
            ),
        )
        for sensitivity in Sensitivity
    ]
    rows.append((_back(subscription, language),))
    return Reply((_title(subscription), paragraph(explained)), tuple(rows))


def schedule_menu(subscription: Subscription, chat: Chat, language: str) -> Reply:
    s, on = subscription, OnSubscription
    delivery = s.delivery
    rows = [
        tuple(
            _choice(label, schedule is delivery.schedule, s, on.SCHEDULE, schedule)
            for schedule, label in (
                (Schedule.NOW, translate("At once", language)),
                (Schedule.DAILY, translate("Every day", language)),
                (Schedule.WEEKLY, translate("Every week", language)),
            )
        )
    ]
    blocks = [_title(s), paragraph(_schedule_label(s, language))]
    if delivery.schedule is not Schedule.NOW:
        zone = translate(
            "Your time zone: {zone}. /settings changes it.", language, zone=chat.time_zone.key
        )
        blocks.append(paragraph(zone))
        if delivery.schedule is Schedule.WEEKLY:
            names = get_day_names("abbreviated", locale=language)
            rows.append(
                tuple(
                    _choice(names[day], day == delivery.weekday, s, on.WEEKDAY, str(day))
                    for day in range(DAYS)
                )
            )
        hours = [hour * 60 for hour in range(24)]
        rows += [
            tuple(
                _choice(
                    clock_time(minute, language), minute == delivery.minute, s, on.HOUR, str(minute)
                )
                for minute in hours[start : start + _HOURS_IN_A_ROW]
            )
            for start in range(0, len(hours), _HOURS_IN_A_ROW)
        ]
    rows.append((_back(s, language),))
    return Reply(tuple(blocks), tuple(rows))


def source_key(name: str) -> str:
    """A source in a button: names may be long."""
    return sha256(name.encode()).hexdigest()[:12]


def _previewed(found: Sequence[Previewed], language: str) -> list[Block]:
    if not found:
        nothing = translate("No article so far is about this topic.", language)
        return [paragraph(nothing)]
    blocks = [paragraph(translate("What it would have brought lately:", language))]
    for number, previewed in enumerate(found, start=1):
        passage = previewed.excerpt
        quote = passage.quote_start - passage.start, passage.quote_end - passage.start
        blocks.append(article_line(f"{number}. ", previewed.article, language))
        blocks.append(brief_excerpt(passage.text, *quote, _BRIEF))
    return blocks


def _summary(subscription: Subscription, language: str) -> str:
    """In one line, what was chosen."""
    parts = [
        _sensitivity_label(subscription.sensitivity, language),
        _schedule_label(subscription, language),
    ]
    return " · ".join(parts)


def _limits(subscription: Subscription, language: str) -> list[Block]:
    lines = []
    if subscription.sources:
        names = ", ".join(map(shortened, subscription.sources))
        lines.append(translate("Only from: {sources}", language, sources=names))
    if subscription.languages:
        names = ", ".join(_language_name(code, language) for code in subscription.languages)
        lines.append(translate("Only in: {languages}", language, languages=names))
    if subscription.updates:
        lines.append(translate("Articles that change are told of again", language))
    return [paragraph(line, tight=True) for line in lines]


def _sensitivity_label(sensitivity: Sensitivity, language: str) -> str:
    match sensitivity:
        case Sensitivity.STRICT:
            return translate("Strict: squarely about it", language)
        case Sensitivity.NORMAL:
            return translate("Normal: about it", language)
        case Sensitivity.LOOSE:
            return translate("Broad: anything related", language)


def _schedule_label(subscription: Subscription, language: str) -> str:
    delivery = subscription.delivery
    hour = clock_time(delivery.minute, language)
    match delivery.schedule:
        case Schedule.NOW:
            return translate("As soon as it arrives", language)
        case Schedule.DAILY:
            return translate("Every day at {hour}", language, hour=hour)
        case Schedule.WEEKLY:
            day = get_day_names("wide", locale=language)[delivery.weekday]
            return translate("Every week, {day} at {hour}", language, day=day, hour=hour)


def _language_name(code: str, language: str) -> str:
    try:
        return Locale.parse(code).get_display_name(language) or code
    except (UnknownLocaleError, ValueError):
        return code


def _title(subscription: Subscription) -> Block:
    return paragraph(Span(f"🔔 {one_line(subscription.topic)}", bold=True))


def _button(
    label: str, subscription: Subscription, kind: OnSubscription, value: str = ""
) -> Button:
    return Button(label, action=str(SubscriptionAction(subscription.id, kind, value)))


def _choice(
    label: str, chosen: bool, subscription: Subscription, kind: OnSubscription, value: str
) -> Button:
    return _button(f"✓ {label}" if chosen else label, subscription, kind, value)


def _back(subscription: Subscription, language: str) -> Button:
    return _button(signed("‹", translate("Back", language)), subscription, OnSubscription.BACK)


def _pairs(codes: Sequence[str]) -> list[Sequence[str]]:
    return [codes[i : i + 2] for i in range(0, len(codes), 2)]
