"""Articles in CSV: a row each, beneath a line that names the columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator

from index.articles.draft import NotAnArticle
from index.articles.records import LARGEST_RECORD, BadRecord, FieldNames, Record, TooLarge
from index.articles.streams import lines

_SEPARATORS = ",;\t|"
_DECLARED = re.compile(r'"?sep=(.)"?\s*', re.I)  # written by Excel, for itself
_SHOWN = 60  # characters of a line that is not the header it should be


def read_csv(texts: Iterable[str], names: FieldNames) -> Iterator[Record | BadRecord]:
    """The record of each row. The separator is the one that makes the first line a header.

    Raises NotAnArticle where no separator does.
    """
    rows = _Lines(texts)
    header, separator = _header(rows, names)
    # For the whole process: the module has no other way. It is large enough for any reader.
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST_RECORD))
    reader = csv.reader(rows, delimiter=separator)
    number = 0
    while True:
        rows.begin_record()
        place = f"line {rows.number + 1}"
        try:
            row = next(reader)
        except StopIteration:
            return
        except TooLarge as error:
            yield BadRecord(place, str(error))
            continue
        except csv.Error as error:
            yield BadRecord(place, f"it is not valid CSV ({error})")
            continue
        if any(map(str.strip, row)):
            number += 1
            yield _record(row, header, place, number)


def _record(row: list[str], header: list[str], place: str, number: int) -> Record | BadRecord:
    if any(cell.strip() for cell in row[len(header) :]):
        return BadRecord(
            place,
            f"it has {len(row)} cells where {len(header)} columns are named "
            "(a separator within a text that is not quoted?)",
        )
    return Record(place, number, dict(zip(header, row, strict=False)))


def _header(rows: _Lines, names: FieldNames) -> tuple[list[str], str]:
    line = next((line for line in rows if line.strip()), "")
    separators = _SEPARATORS
    if declared := _DECLARED.fullmatch(line):
        line, separators = next(rows, ""), declared[1]
    if not line:
        raise NotAnArticle("the file is empty")
    for separator in separators:
        header = [name.strip() for name in next(csv.reader([line], delimiter=separator))]
        if any(map(names.is_text, header)):
            return header, separator
    raise NotAnArticle(
        "its first line should name the columns (title,text,url,published…), and none of those "
        f"it names is known to hold the text: {line[:_SHOWN].strip()!r}; if one does, name it in "
        "ARTICLE_FIELDS: text=its name"
    )


class _Lines(Iterator[str]):
    """Lines with their ends. Raises TooLarge, and can go on after it.

    A class because a generator that has raised is at its end.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._lines = lines(texts, LARGEST_RECORD)
        self._size = 0
        self.number = 0  # of lines read

    def begin_record(self) -> None:
        self._size = 0

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        self._size += 1 + (LARGEST_RECORD if line is None else len(line))
        if line is None or self._size > LARGEST_RECORD:
            raise TooLarge
        return line + "\n"
