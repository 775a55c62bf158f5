"""What a newspaper puts between its sentences: credits, cross-references, calls to subscribe.

A block is furniture by its form. Long blocks of full sentences get the benefit of the doubt;
words within quotation marks are somebody's, and prove nothing.
"""

from __future__ import annotations

import re

from index.articles.bylines import author_in, is_date_line
from index.articles.captions import is_caption
from index.articles.cross_references import is_cross_reference
from index.articles.notices import is_notice

_LONGEST = 600  # the longest notice met: one about cookies

# Whole blocks, less punctuation at their ends.
_LABELS = frozenset(
    label.strip()
    for label in """
        publicité|advertisement|advertising|publicidad|anzeige|werbung|pubblicità|reclame|реклама
        contenu sponsorisé|contenu partenaire|sponsored|sponsored content|sponsorisé
        partager|partage|partagez|imprimer|enregistrer|sauvegarder|commenter|réagir|share|print|save
        compartir|teilen|condividi|stampa|imprimir|drucken|delen|écouter l'article|lecture audio
        commentaires|comments|comentarios|kommentare|commenti|ajouter à mes favoris|offrir l'article
        newsletter|newsletters|s'abonner|s'inscrire|je m'abonne|je m'inscris|subscribe
        se connecter|sign in|log in|sign up|abonnés|réservé aux abonnés|article réservé aux abonnés
        sur le même sujet|sur le même thème|dans la même rubrique|nos derniers articles|à voir
        abonné|premium|les plus lus|articles liés|à lire|à lire aussi|voir plus|la rédaction
        most read|most popular
        related|related articles|related stories|recommended|tout accepter|accept all
        continuer sans accepter|accepter et fermer|accepter les cookies|gérer mes choix|paramétrer
        gérer les cookies|lire plus tard|agrandir l'image|haut de page|retour en haut
        crédits photo|crédit photo|crédits
    """.replace("\n", "|").split("|")
    if label.strip()
)
_NETWORKS = frozenset(
    "facebook twitter whatsapp linkedin instagram telegram messenger pinterest bluesky mastodon "
    "threads reddit e-mail lien link".split()
)
_SHARE_WORDS = _NETWORKS | frozenset(
    "x email mail courriel sms copier le copy imprimer print partager partage sur share on par via "
    "tweet tweeter envoyer by send with friend un ami et save enregistrer".split()
)
_RIGHTS = re.compile(
    r"(?:tous droits (?:de reproduction )?réservés|reproduction interdite|all rights reserved|"
    r"todos los derechos reservados|alle rechte vorbehalten|tutti i diritti riservati)[ .]*$",
    re.I,
)


def is_furniture(text: str) -> bool:
    """Whether a block, or one line of one, is furniture and no prose of the article."""
    line = _plain(text)
    if not any(map(str.isalnum, line)):
        return True
    if len(line) > _LONGEST:
        return False
    return (
        line.lower().strip(" .:!?>()[]›»") in _LABELS
        or is_notice(line)
        or is_caption(line)
        or is_cross_reference(line)
        or author_in(line) is not None
        or is_date_line(line)
        or _is_share_bar(line)
        or _is_signature_line(line)
        or _is_rights_line(line)
    )


def _plain(text: str) -> str:
    """One line, plain spaces and apostrophes, no bullet or arrow before it."""
    line = " ".join(text.replace("’", "'").split())
    return re.sub(r"^[\s▸►▶→➜•*·>|–—-]+(?=\w)", "", line)


def _is_share_bar(line: str) -> bool:
    words = re.findall(r"[\w-]+", line.lower())
    return (
        0 < len(words) <= 20
        and set(words) <= _SHARE_WORDS
        and (not _NETWORKS.isdisjoint(words) or words == ["x"])
    )


def _is_signature_line(line: str) -> bool:
    """A byline, a date and a reading time set in one line, in whatever order."""
    parts = [part.strip(" ,") for part in re.split(r"\s[|·•–—-](?=[\s,])", line)]
    return len(parts) > 1 and any(
        author_in(part) is not None or is_date_line(part) for part in parts
    )


def _is_rights_line(line: str) -> bool:
    match = _RIGHTS.search(line)
    if match is None or len(line) > 200:
        return False
    return match.start() <= 60 or "©" in line[: match.start()]
