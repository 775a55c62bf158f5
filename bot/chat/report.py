"""What an admin reads of the index and of its runs: short enough for a phone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from bot.alerts.outbox import Counts
from bot.answering.writing import counts as writing
from bot.chat.markup import Block, Reply, Span, message, paragraph
from bot.i18n import translate, written_age, written_duration, written_number
from index.generations import Manifest
from index.run_record import RunRecord

# As scripts/reindex.py --help explains them.
_NOT_BEGUN = (2, 4)
_REFUSED = 5
_REASONS = 6  # why statements fell and the model failed, most often first
_LISTED = 10  # of what could not be read
_LONGEST_PART, _LONGEST_ERROR = 150, 1500  # characters: of a path or a reason, of an error


@dataclass(frozen=True, slots=True)
class Status:
    """What the bot knows of its index."""

    manifest: Manifest  # of the generation in use
    current: str | None  # the generation that is to be used
    last: RunRecord | None
    under_way: datetime | None  # since when a run begun in a chat is
    alerts: Counts
    writing: writing.Counts | None = None  # where a language model writes the answers


def run_reply(record: RunRecord, in_use: str, language: str) -> Reply:
    """How a run ended, for those who were not there.

    :param in_use: the generation that the bot answers from.
    """
    blocks = [paragraph(Span(_outcome(record, language), bold=True)), *_details(record, language)]
    if record.published and record.generation and in_use < record.generation:
        blocks.append(_not_in_use(record.generation, in_use, language))
    return Reply(tuple(blocks))


def status_reply(status: Status, now: datetime, language: str) -> Reply:
    """:param now: an aware time."""
    manifest, last = status.manifest, status.last
    lines = [
        translate("Made {age}", language, age=_age(manifest.created, now, language)),
        _size(manifest.articles, manifest.passages, language),
        translate("Model: {model}", language, model=manifest.model),
    ]
    generation = translate("Generation {name}", language, name=manifest.name)
    blocks = [paragraph(Span(generation, bold=True))]
    blocks += [paragraph(line, tight=True) for line in lines]
    if status.current and status.current != manifest.name:
        blocks.append(_not_in_use(status.current, manifest.name, language))
    blocks.append(_alerts(status.alerts, language))
    if status.writing:
        blocks.append(_writing(status.writing, language))
    if status.under_way:
        blocks += under_way_reply(status.under_way, now, language).blocks
    if last is None:
        return Reply((*blocks, paragraph(translate("No reindex is on record.", language))))
    when = translate("Last reindex, {age}:", language, age=_age(last.finished, now, language))
    title = paragraph(Span(f"{when} ", bold=True), Span(_outcome(last, language)))
    return Reply((*blocks, title, *_details(last, language)))


def _writing(counts: writing.Counts, language: str) -> Block:
    """What became of the answers since the start; reasons are in the log's words."""
    said = translate(
        "Written answers: {written}, {quoted} quoted instead; statements: {kept} held, {dropped} "
        "dropped",
        language,
        written=written_number(counts.written, language),
        quoted=written_number(counts.quoted, language),
        kept=written_number(counts.kept, language),
        dropped=written_number(counts.dropped.total(), language),
    )
    why = [f"{name}: {n}" for name, n in (counts.dropped + counts.failures).most_common(_REASONS)]
    return paragraph("\n".join([said, *why]))


def _alerts(counts: Counts, language: str) -> Block:
    return paragraph(
        translate(
            "Alerts: {sent} sent, {double} of them possibly twice; {pending} waiting; {dropped} "
            "undeliverable",
            language,
            sent=written_number(counts.sent, language),
            double=written_number(counts.possibly_double, language),
            pending=written_number(counts.pending, language),
            dropped=written_number(counts.dropped, language),
        )
    )


def begun_reply(language: str) -> Reply:
    return message(translate("The reindex has begun: I will tell you here how it ended.", language))


def under_way_reply(since: datetime, now: datetime, language: str) -> Reply:
    """A run begun in a chat is not over."""
    return message(
        translate(
            "A reindex begun here {age} is under way: I will tell you how it ended.",
            language,
            age=written_age(now - since, language),
        )
    )


def not_begun_reply(reason: str, language: str) -> Reply:
    """Another run is under way, or none could be started."""
    return _mishap(translate("The reindex could not begin.", language), reason)


def broken_reply(status: int, said: str, language: str) -> Reply:
    """A run that left no record of itself.

    :param status: its exit status; where a signal ended it, the negative of its number.
    """
    if status in _NOT_BEGUN:
        return not_begun_reply(said, language)
    heading = translate("The reindex broke off (exit status {status}).", language, status=status)
    return _mishap(heading, said)


def _mishap(heading: str, reason: str) -> Reply:
    told = [paragraph(_clipped(reason, _LONGEST_ERROR))] if reason else []
    return Reply((paragraph(Span(heading, bold=True)), *told))


def _outcome(record: RunRecord, language: str) -> str:
    if record.error is None:
        if record.published:
            return translate("The articles were reindexed.", language)
        return translate("The index was up to date.", language)
    if record.status == _REFUSED:
        return translate("The reindex was refused: the index is as it was.", language)
    return translate("The reindex failed: the index is as it was.", language)


def _details(record: RunRecord, language: str) -> list[Block]:
    took = translate(
        "Duration: {duration}", language, duration=written_duration(record.seconds, language)
    )
    if record.error is not None:
        return [
            paragraph(_clipped(record.error, _LONGEST_ERROR)),
            paragraph(_advice(record, language)),
            paragraph(took),
        ]
    changes = translate(
        "New: {added} · changed: {changed} · removed: {removed}",
        language,
        added=written_number(record.added, language),
        changed=written_number(record.changed, language),
        removed=written_number(record.removed, language),
    )
    lines = [changes, _size(record.articles, record.passages, language), took]
    return [
        *(paragraph(line, tight=True) for line in lines),
        *_unreadable(record, language),
    ]


def _advice(record: RunRecord, language: str) -> str:
    if record.status == _REFUSED:
        return translate(
            "Put right what is named above and send /reindex; or insist, with the option named "
            "above after scripts/reindex.py on the server.",
            language,
        )
    return translate("Put right what is named above, then send /reindex.", language)


def _unreadable(record: RunRecord, language: str) -> list[Block]:
    if not record.unreadable:
        return []
    count = len(record.unreadable)
    title = translate("Could not be read: {count}", language, count=written_number(count, language))
    blocks = [paragraph(Span(title, bold=True))]
    for place, reason in record.unreadable[:_LISTED]:
        line = f"• {_end(place, _LONGEST_PART)}: {_clipped(reason, _LONGEST_PART)}"
        blocks.append(paragraph(line, tight=True))
    if count > _LISTED:
        more = translate(
            "and {count} more", language, count=written_number(count - _LISTED, language)
        )
        blocks.append(paragraph(more, tight=True))
    if record.kept:
        kept = translate(
            "Articles kept as they were last read: {count}",
            language,
            count=written_number(record.kept, language),
        )
        blocks.append(paragraph(kept, tight=True))
    return blocks


def _not_in_use(name: str, in_use: str, language: str) -> Block:
    return paragraph(
        translate(
            "Generation {name} is there, but I answer from {in_use}: where it cannot be opened, "
            "the log says why.",
            language,
            name=name,
            in_use=in_use,
        )
    )


def _size(articles: int, passages: int, language: str) -> str:
    return translate(
        "Articles: {articles} · passages: {passages}",
        language,
        articles=written_number(articles, language),
        passages=written_number(passages, language),
    )


def _age(written: str, now: datetime, language: str) -> str:
    """How long ago a time in ISO 8601 was; the words themselves where they are no time."""
    try:
        then = datetime.fromisoformat(written)
    except ValueError:
        return written
    return written_age(now - (then if then.tzinfo else then.replace(tzinfo=UTC)), language)


def _clipped(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _end(path: str, longest: int) -> str:
    """The path cut at its beginning: its end tells which file it is."""
    line = " ".join(path.split())
    return line if len(line) <= longest else "…" + line[1 - longest :]
