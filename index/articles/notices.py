"""Notices that a newspaper sets among its paragraphs, told by how they begin.

Subscription and paywall, cookies, sharing, reading time, comments, copyright, contact.
"""

from __future__ import annotations

import re

_NETWORK = (
    r"(?:facebook|twitter|x|whatsapp|linkedin|instagram|telegram|messenger|bluesky|pinterest|"
    r"e-?mail|mail|les réseaux|social)\b"
)
_BEGINNINGS = {  # the most characters such a notice has -> how it begins
    600: (
        r"(?:ce site|nous|notre site|.{3,60} et ses partenaires) utilis(?:e|ons|ent) "
        r"(?:des|les) (?:cookies|traceurs)",
        r"(?:we|(?:this|our) (?:web)?site|our partners) uses? cookies|we value your privacy",
        r"en poursuivant (?:votre|la) navigation|by continuing to (?:use|browse)",
        r"(?:utilizamos|usamos|utilizziamo|wir verwenden|wir nutzen|"
        r"wij gebruiken) (?:i )?cookies?\b",
        r"(?:este sitio|questo sito|diese (?:web)?(?:site|seite)) \w+ (?:i )?cookies?\b",
    ),
    250: (
        r"r?é?abonnez-vous\b|subscribe (?:to|now|for|today)\b|suscr[íi]b(?:ete|ase)\b|abbonati\b",
        r"(?:jetzt )?abonnieren(?: sie)?\b|iscriviti (?:alla|al|per)\b|reg[íi]strate\b",
        r"inscrivez-vous (?:gratuitement )?(?:à|aux?) (?:notre|nos|cette|la newsletter|la lettre|"
        r"l'infolettre|l'alerte)",
        r"sign up (?:to|for|here|now|today)\b.*(?:newsletter|email|letter|briefing|alerts|inbox)",
        r"(?:melden sie sich|anmeldung) .*newsletter|apúntate a (?:nuestra|la) newsletter",
        r"cet article (?:vous (?:est offert|a plu)|est offert)|ce contenu (?:est|a été) bloqué",
    ),
    200: (
        r"(?:(?:cet |l')?article|(?:ce )?contenu|la suite(?: de (?:cet|l'|notre) ?\w+)?|"
        r"l'accès\b.*) (?:est |sont )?(?:réservée?s?|accessible|exclusi\w+|payant)\b",
        r"(?:accepter|accept|refuser|gérer|paramétrer|manage) (?:tous |all |les |mes |"
        r"vos )*cookies\b",
        r"(?:©|\(c\)|copyright)\s?(?:\d{4}|.*\b(?:19|20)\d{2}\b)",
        r"(?:laisse[rz]|poste[rz]|écrire|ajoute[rz]) un commentaire|soyez (?:la |le )+premi",
        r"leave a (?:comment|reply)|join the (?:conversation|discussion)",
        r"comments are (?:closed|off)|log in to\b|connectez-vous pour",
        r"vous devez être (?:connectée?|abonnée?|inscrite?)",
        r"signaler une erreur|vous avez (?:repéré|vu) une erreur|spotted an error",
        r"(?:mots[- ]cl[ée]s|tags?|thèmes?|topics?|étiquettes?|rubriques?)\s?:",
    ),
    160: (
        r"il vous reste (?:\d+(?:[.,]\d+)? ?% |.{0,20}à (?:lire|découvrir))|"
        r"vous avez lu \d+ .*article",
        r"déjà (?:abonnée?|inscrite?) ?\?|already a (?:subscriber|member)",
        r"vous êtes (?:déjà )?abonnée? ?\?|you(?:'ve| have) (?:read|reached|"
        r"used)\b.*\bfree (?:art|sto)",
        r"this (?:article|story|content) is (?:for|only|reserved|exclusive)\b.*(?:subscri|member)",
        r"(?:este )?(?:contenido|artículo) .*suscriptores|questo articolo è riservato",
        r"dieser artikel ist .*abonnent|follow us\b|síguenos\b|seguici\b",
        r"suivez(?:-nous| (?:toute )?l'actualité| notre chaîne)\b",
        rf"(?:suivez|follow|retrouvez) .{{2,40}} (?:sur|on) {_NETWORK}",
        r"téléchargez (?:notre|l') ?appli|download (?:our|the) app\b",
        r"soutenez (?:notre|la|une) (?:presse|rédaction|journal)|support (?:our|"
        r"independent) journalism",
        r"additional reporting\b|(?:reporting|editing|édité|traduit) (?:by|"
        r"par) (?-i:[A-Z]\w+ [A-Z])",
        r"(?:de |par )?(?:notre|nos) (?:correspondant|envoyée?s? spécia)\w*(?: permanente?)? "
        r"(?:à|en|au|aux|dans)\b[^.]*$",
        r"publicité la suite|(?:contenu (?:proposé|sponsorisé) par|sponsored by)\b[^.]{,60}$",
    ),
    120: (
        r"(?:partage[rz]|share|compartir|condividi|teilen|envoyer)"
        rf"(?: (?:sur|on|en|su|auf|par|via) {_NETWORK}|"
        r" (?:cet|l'|this|the|este|questo|diesen) ?(?:article|story|artículo|articolo|artikel)\b)",
        r"(?:accueil|home|startseite|inicio) ?[>›»/]",
    ),
    80: (
        r"(?:temps de )?lecture\s?:? ?\d|\d+ min(?:utes?)?(?: de lecture| read)|reading time",
        r"(?:écoute[rz]|listen to|offrir|imprimer|enregistrer|commenter|réagir à|comment on) "
        r"(?:cet|l'|this|the) ?article",
        r"(?:la suite|article continues|story continues) (?:de l'article )?(?:après|below|after)\b",
        r"\d+ (?:commentaires?|comments?|réactions?|partages?|shares?)$",
        r"(?:toutes les|voir les) (?:réactions|commentaires)",
        r"\(?avec (?:l')?(?:afp|reuters|ap|belga|ats|agences?)\)?$|sources?\s?:\s",
    ),
}
_NOTICES = tuple(
    (longest, re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.I))
    for longest, patterns in _BEGINNINGS.items()
)
# An imperative anywhere in a block, with what it offers; either alone is ordinary prose.
_CALL = re.compile(
    r"\b(?:(?:abonnez|inscrivez)-vous|recevez|retrouvez|découvrez|écrivez|témoignez|contactez|"
    r"inscription gratuite|suscríbete|recibe|erhalten sie|iscriviti|ricevi)\b"
    r"|(?:^|[.?!:;–—] )(?:sign up|subscribe|get|receive|join|write to|contact|unsubscribe)\b",
    re.I,
)
_OFFER = re.compile(
    r"newsletter|infolettre|\b(?:notre|une) lettre\b|\bla lettre (?:gratuite|du|des?|d')|"
    r"lettre d'info"
    r"|\bboîte (?:mail|de réception)|dans votre (?:boîte|messagerie)|nos offres|sans engagement"
    r"|premier mois|\b(?:la|notre) rédaction\b|boletín|in ihr postfach|news ?(?:desk|room)|inbox"
    r"|\b(?:by|our|daily|weekly) e?-?mail\b|\b(?:our|monthly|weekly|free) (?:\w+ )?letter\b"
    r"|\bsubscribe to .* a (?:week|month)\b",
    re.I,
)
_QUOTED = re.compile(r"«[^»]*»|“[^”]*”|\"[^\"]*\"")
_LONGEST_CALL = 250


def is_notice(line: str) -> bool:
    """Whether a block on one line is addressed to the reader, and no part of the article."""
    if any(len(line) <= longest and notice.match(line) for longest, notice in _NOTICES):
        return True
    if len(line) > _LONGEST_CALL or line[0] in '«“"':
        return False
    # Words within quotation marks are somebody's in the article: « Abonnez-vous ! », dit-il.
    return bool(_CALL.search(_QUOTED.sub(" ", line)) and _OFFER.search(line))
