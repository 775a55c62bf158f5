"""Alerts as replies: the topic, the article, the words for which it is about the topic."""

from __future__ import annotations

from collections.abc import Sequence

from bot.alerts.alert import Alert
from bot.chat.actions import AlertAction, OnAlert
from bot.chat.markup import Block, Button, Reply, Span, paragraph
from bot.chat.sources import article_line, brief_excerpt, excerpt, one_line, read_button, shortened
from bot.i18n import translate, translate_plural, written_number

MOST_IN_ONE = 15  # alerts of one message
_WHOLE = 2  # alerts that are shown with all of their passage
_WITH_BUTTONS = 5  # articles that have buttons of their own, so that they fit a phone's screen
_BRIEF = 60  # characters on either side of the sentence, where there are many
_OTHERS = 4  # articles on the same story that are named


def alert_reply(alerts: Sequence[Alert], language: str, more: int = 0) -> Reply:
    """Several alerts as one message; an article that several topics brought is shown once.

    :param more: alerts that are due too and follow in another message.
    """
    articles = _by_article(alerts)
    blocks: list[Block] = []
    if len(articles) > 1:
        title = translate_plural(
            "{count} article on your topics", "{count} articles on your topics", len(articles),
            language,
        )  # fmt: skip
        blocks.append(paragraph(Span(f"🔔 {title}", bold=True)))
    shown_topics: list[str] = []
    for number, group in enumerate(articles, start=1):
        topics = list(dict.fromkeys(alert.topic for alert in group))
        if topics != shown_topics:
            bell = "🔔 " if len(articles) == 1 else ""
            blocks.append(paragraph(Span(bell + " · ".join(map(one_line, topics)), bold=True)))
            shown_topics = topics
        lead = f"{number}. " if len(articles) > 1 else ""
        blocks += _article(group[0], lead, language, brief=len(articles) > _WHOLE)
    if more:
        blocks.append(
            paragraph(
                translate_plural("{count} more follows.", "{count} more follow.", more, language)
            )
        )
    return Reply(tuple(blocks), _buttons(articles, language))


def _by_article(alerts: Sequence[Alert]) -> list[list[Alert]]:
    groups: dict[tuple[str, bool], list[Alert]] = {}
    for alert in alerts:
        groups.setdefault((alert.article.id, alert.updated), []).append(alert)
    return list(groups.values())


def _article(alert: Alert, lead: str, language: str, *, brief: bool) -> list[Block]:
    found = alert.excerpt
    quote = found.quote_start - found.start, found.quote_end - found.start
    shown = brief_excerpt(found.text, *quote, _BRIEF) if brief else excerpt(found.text, *quote)
    blocks = [article_line(lead, alert.article, language)]
    if alert.updated:
        blocks.append(paragraph(translate("This article has changed.", language), tight=True))
    return [*blocks, shown, *_others(alert, language)]


def _others(alert: Alert, language: str) -> list[Block]:
    """Who else tells the story."""
    if not alert.others:
        return []
    blocks = [paragraph(translate("Also on this:", language), tight=True)]
    blocks += [article_line("• ", other, language, tight=True) for other in alert.others[:_OTHERS]]
    if left := len(alert.others) - _OTHERS:
        if left > 0:
            count = written_number(left, language)
            blocks.append(
                paragraph(translate("and {count} more", language, count=count), tight=True)
            )
    return blocks


def _buttons(articles: Sequence[Sequence[Alert]], language: str) -> tuple[tuple[Button, ...], ...]:
    rows = []
    for number, group in enumerate(articles[:_WITH_BUTTONS], start=1):
        alert = group[0]
        name = str(number) if len(articles) > 1 else ""
        span = alert.excerpt.quote_start, alert.excerpt.quote_end
        read = read_button(name, alert.article, span, language)
        more = Button(f"👍 {name}".strip(), action=str(AlertAction(alert.id, OnAlert.MORE_LIKE)))
        less = Button(f"👎 {name}".strip(), action=str(AlertAction(alert.id, OnAlert.NOT_ABOUT)))
        if not name:
            label = translate("More like this", language)
            more = Button(f"👍 {label}", action=more.action)
            label = translate("Not about this", language)
            less = Button(f"👎 {label}", action=less.action)
            rows += [(read,), (more, less)]
        else:
            rows.append((read, more, less))
    topics = {alert.subscription_id: alert for group in articles for alert in group}
    if len(topics) == 1:
        [alert] = topics.values()
        rows.append(
            (
                Button(
                    translate("Settings", language),
                    action=str(AlertAction(alert.id, OnAlert.SUBSCRIPTION)),
                ),
                Button(
                    translate("Unsubscribe", language),
                    action=str(AlertAction(alert.id, OnAlert.STOP)),
                ),
            )
        )
    else:
        for alert in list(topics.values())[:_WITH_BUTTONS]:
            label = translate("Unsubscribe: {topic}", language, topic=shortened(alert.topic, 30))
            rows.append((Button(label, action=str(AlertAction(alert.id, OnAlert.STOP))),))
    return tuple(rows)
