"""What the bot says: one conversation, whatever shows it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.answering.filters import split_filter
from bot.assistant import Assistant
from bot.chat.actions import ReadArticle
from bot.chat.markup import Reply, message, paragraph
from bot.chat.reply import article_reply
from bot.chat.subscribing import SUBSCRIPTION_COMMANDS
from bot.i18n import translate, translate_plural, written_date

LONGEST_QUESTION = 500  # characters; what is longer is a text, not a question

# The commands, with what each is for: in /help, and in Telegram's menu.
COMMANDS = {
    "ask": "Ask a question about the articles",
    "new": "Begin a new conversation",
    **SUBSCRIPTION_COMMANDS,
    "help": "What I can do, and how to ask",
    "start": "Begin",
}


@dataclass(frozen=True, slots=True)
class Conversation:
    """Replies to what a reader does. Blocking; `language` is that of their interface."""

    assistant: Assistant

    def start(self, language: str) -> Reply:
        with self.assistant.generation() as generation:
            articles, latest = generation.manifest.articles, generation.store.latest()
        hello = translate_plural(
            "Hello! Ask me a question about the one article I hold: I answer in its own words, "
            "and show where they stand.",
            "Hello! Ask me a question about the {count} articles I hold: I answer in their own "
            "words, and show where each answer stands.",
            articles,
            language,
        )
        honest = translate("When the articles hold no answer, I say so.", language)
        if latest is None or latest.published is None:
            return message(hello, honest)
        newest = translate(
            "The latest article, of {date}: {title}",
            language,
            date=written_date(latest.published, language),
            title=latest.title,
        )
        return message(hello, honest, newest)

    def help(self, language: str) -> Reply:
        how = translate(
            "Write your question as you would say it, in your own language. Every statement of "
            "the answer is quoted from an article, numbered, with the passage around it below: "
            "tap a passage to unfold it.",
            language,
        )
        lines = [f"/{name} · {translate(text, language)}" for name, text in COMMANDS.items()]
        return Reply(
            (
                paragraph(how),
                paragraph("\n".join(lines)),
                paragraph(
                    translate(
                        "To ask some of the articles alone, add limits to the question: "
                        "since:2024, until:2024-06, source:courier, language:fr.",
                        language,
                    )
                ),
                paragraph(
                    translate(
                        "A question may go on from the one before it, or be a reply to an "
                        "earlier answer: “And in 2018?”. /new begins anew.",
                        language,
                    )
                ),
                paragraph(
                    translate("In a group, ask with /ask followed by the question.", language)
                ),
            )
        )

    def misunderstood(self, text: str, language: str) -> Reply | None:
        """What is wrong with a question; None where it can be asked."""
        question = " ".join(text.split())
        asked, _ = split_filter(question)
        if not asked:
            return message(translate("What is your question? Write it after /ask.", language))
        if not any(map(str.isalnum, asked)):
            return message(
                translate("I only understand words. What would you like to know?", language)
            )
        if len(question) > LONGEST_QUESTION:
            return message(
                translate(
                    "That is {length} characters long: please ask it in at most {limit}, one "
                    "question at a time.",
                    language,
                    length=len(question),
                    limit=LONGEST_QUESTION,
                )
            )
        return None

    def read(self, wanted: ReadArticle, language: str) -> Reply:
        """The article around an excerpt."""
        with self.assistant.generation() as generation:
            article = generation.store.article_with_key(wanted.article_key)
        if article is None:
            return message(translate("This article is no longer in the corpus.", language))
        return article_reply(article, wanted.start, wanted.end, language)

    def unknown_command(self, language: str) -> Reply:
        return message(translate("I do not know this command. /help lists those I know.", language))

    def not_text(self, language: str) -> Reply:
        return message(translate("I can only read text: please write your question.", language))

    def expired(self, language: str) -> Reply:
        """A button whose message is too old to be read."""
        return message(
            translate("This message is too old: please ask the question again.", language)
        )

    def failed(self, language: str) -> Reply:
        return message(
            translate(
                "Something went wrong on my side, and it has been noted. Please try again.",
                language,
            )
        )
