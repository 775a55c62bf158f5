"""What multiplies a number, and what it counts where that is a currency or a share of a hundred."""

from __future__ import annotations

import re

from bot.answering.facts.text import folded

PERCENT = "%"
NO_UNIT = frozenset({""})
_SCALES: dict[str, int] = {
    **dict.fromkeys("k mille mila mil tausend tsd thousand duizend".split(), 10**3),
    **dict.fromkeys("mio mln mill million millions millionen".split(), 10**6),
    **dict.fromkeys("millon millones milione milioni milhao milhoes".split(), 10**6),
    **dict.fromkeys("miljoen miljoenen m millions".split(), 10**6),
    **dict.fromkeys("md mds mrd mld milliard milliards milliarde milliarden".split(), 10**9),
    **dict.fromkeys("miliardo miliardi miljard miljarden bn mm".split(), 10**9),
    **dict.fromkeys("bilhao bilhoes".split(), 10**9),
    **dict.fromkeys("billones bilione bilioni billonen biljoen bilionen trilhoes".split(), 10**12),
    **dict.fromkeys("billon bilioes trillion trillions".split(), 10**12),
    **dict.fromkeys("dozen dutzend docenas douzaines".split(), 12),
    **dict.fromkeys("cent cents hundred hundert cientos".split(), 100),
    **dict.fromkeys("dizaines".split(), 10),
    **dict.fromkeys("centaines".split(), 100),
    **dict.fromkeys("milliers millares migliaia milhares".split(), 1000),
}
_SHORT_SCALE = frozenset({"en"})  # languages whose billion is 10**9
_DOUBLE_SCALE = re.compile(
    r" (?:mille milliards?|mil millones|mil milhões|mila miliardi|tausend milliarden"
    r"|(?:hundred )?thousand million)(?!\w)",
    re.I,
)
_DOUBLE = {"mille": 10**12, "mil": 10**9, "mila": 10**12, "tausend": 10**12, "thousand": 10**9}
_SCALE = re.compile(r" ?([^\W\d_]+)\.?(?![^\W_])")
_GLUED = re.compile(r" ?(Mds?|M|k|bn)(?=[€$£])")
_SYMBOLS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₽": "RUB", "₺": "TRY", "₹": "INR"}
_CURRENCIES = {
    "EUR": "euro euros eur euroa",
    "USD": "dollar dollars usd dolar dolares dollari dollaro dollars",
    "GBP": "livre livres sterling pound pounds gbp pfund libra libras sterlina sterline ponden",
    "CHF": "franc francs franken chf franco francos franchi",
    "JPY": "yen yens jpy ienes",
    "CNY": "yuan yuans cny renminbi",
    "RUB": "rouble roubles ruble rubles rubel rublos rubli roebel",
    "SEK": "couronne couronnes krona kronor kronen krone kroner coronas corone coroas krone",
    "PLN": "zloty zlotys",
    "INR": "roupie roupies rupee rupees rupien rupias rupie",
    "MXN": "peso pesos",
    "TRY": "lira liras lire",
}
_CURRENCY = {word: code for code, names in _CURRENCIES.items() for word in names.split()}
_PERCENT = re.compile(
    r" ?(?:%|pour[ -]cent(?!\w)|per[ -]?cent(?!\w|o)|por[ -]ciento(?!\w)|por[ -]cento(?!\w)|"
    r"Prozent(?!\w)|procent(?!\w)|per cento(?!\w))",
    re.I,
)
_POINTS = re.compile(
    r" ?(?:%-?punkt\w*|Prozentpunkt\w*|procentpunt\w*|points? de pourcentage|percentage points?"
    r"|puntos? porcentual\w*|punti percentual\w*|pontos? percentua\w*|%)",
    re.I,
)
_SPACED = re.compile(r" ?(?:de |d'|di |of |in |à )?([€$£¥₽₺₹]|[^\W\d_]+)")
_BEFORE = re.compile(r"([€$£¥₽₺₹]|\b(?:EUR|USD|CHF|GBP|US\$))\s?$")
_ADJECTIVES = frozenset(
    "us canadian australian canadiens americains américains australiens suisses swiss "
    "schweizer estadounidenses statunitensi".split()
)


def scale_after(text: str, at: int, language: str) -> tuple[int, int]:
    """By what the word at a place multiplies the number before it, and where it ends."""
    if double := _DOUBLE_SCALE.match(text, at):
        return _DOUBLE[double.group().split()[0].casefold()], double.end()
    found = _SCALE.match(text, at)
    if not found:
        if glued := _GLUED.match(text, at):
            return _SCALES[glued[1].casefold()], glued.end()
        return 1, at
    word = folded(found[1])
    spaced = text[at : at + 1] == " "
    if word in ("m", "k", "mm", "cent", "cents", "mill") and (
        spaced and not (found[1] == "M" or word in ("hundert",))
    ):
        return 1, at  # metres, or the hundredth of a euro
    if word == "m" and found[1] == "m" and language not in ("en",):
        return 1, at
    if word in ("billion", "billions", "billionen"):
        return 10**9 if language in _SHORT_SCALE else 10**12, found.end(1)
    if word in ("trillion", "trillions"):
        return 10**12 if language in _SHORT_SCALE else 10**18, found.end(1)
    if word in _SCALES and word not in ("cent", "cents"):
        return _SCALES[word], found.end(1)
    return 1, at


def unit_beside(text: str, start: int, end: int) -> tuple[frozenset[str], int]:
    """The units that the number `text[start:end]` may have, and where they end.

    Those are "", PERCENT, and currencies by ISO 4217; more than one where it may be either.
    """
    if points := _POINTS.match(text, end):
        bare = points.group().strip() == "%"
        return frozenset({PERCENT} if bare else {PERCENT, ""}), points.end()
    if percent := _PERCENT.match(text, end):
        return frozenset({PERCENT}), percent.end()
    if before := _BEFORE.search(text, max(0, start - 4), start):
        symbol = before.group(1)
        return frozenset({_SYMBOLS.get(symbol[-1], symbol)}), end
    if after := _SPACED.match(text, end):
        word = after.group(1)
        if code := _SYMBOLS.get(word) or _CURRENCY.get(folded(word)):
            return frozenset({code}), after.end()
        if word.casefold() in _ADJECTIVES and (more := _SPACED.match(text, after.end())):
            if code := _CURRENCY.get(folded(more.group(1))):
                return frozenset({code}), more.end()
    return NO_UNIT, end
