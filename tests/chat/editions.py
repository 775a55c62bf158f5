"""A small corpus that changes from edition to edition: every sentence names its edition."""

from __future__ import annotations

import re
from pathlib import Path

from index.embedding import Encoder
from index.generations import Manifest
from index.planning import Options
from index.reindex import reindex
from tests.conftest import no_progress

# What an article is about, what it says, and a question that its first sentence answers.
TOPICS = (
    ("Le pont de Kervanec", "coûtera {n}{i} millions d’euros, a dit la maire Anne Le Goff",
     "Combien coûtera le pont de Kervanec ?"),
    ("La vanne du barrage de Valorgue", "sera remplacée en {n} jours par l’entreprise Sabran",
     "Qui remplacera la vanne du barrage de Valorgue ?"),
    ("Le musée de la Filature", "a reçu {n}00 visiteurs le dimanche de sa réouverture",
     "Combien de visiteurs le musée de la Filature a-t-il reçus ?"),
    ("La récolte de mirabelles du Ried", "atteint {n} tonnes malgré la grêle du mois de juin",
     "Combien de tonnes la récolte de mirabelles atteint-elle ?"),
    ("Le marathon d’Ostwick", "a été gagné par Béatrice Lanoy en deux heures et {n} minutes",
     "Qui a gagné le marathon d’Ostwick ?"),
    ("L’école de voile de Marvelle", "ouvrira {n} places de plus à la rentrée de septembre",
     "Combien de places l’école de voile de Marvelle ouvrira-t-elle ?"),
)  # fmt: skip
QUESTIONS = tuple(question for _, _, question in TOPICS)


def held(edition: int) -> list[int]:
    """The topics of an edition: each leaves out another, so that some come and some go."""
    return [i for i in range(len(TOPICS)) if i != edition % len(TOPICS)]


def write_edition(folder: Path, edition: int) -> None:
    folder.mkdir(exist_ok=True)
    for i, (subject, fact, _) in enumerate(TOPICS):
        file = folder / f"{i}.md"
        file.unlink(missing_ok=True)
        if i in held(edition):
            said = fact.format(n=edition, i=i)
            file.write_text(
                f"---\ntitle: {subject}, édition {edition}\nsource: Le Courrier\n---\n\n"
                f"{subject} {said}, d’après l’édition {edition}.\n",
                encoding="utf-8",
            )


def publish_edition(folder: Path, index_dir: Path, encoder: Encoder, edition: int) -> Manifest:
    """Write an edition and index it, as reindex.py does."""
    write_edition(folder, edition)
    options = Options(allow_shrink=True)
    report = reindex([folder], index_dir, encoder.name, lambda: encoder, no_progress, options)
    assert report.published
    return report.manifest


def edition_of(text: str) -> int:
    """The one edition that all of a message is from, none of whose articles it left out."""
    editions = {int(number) for number in re.findall(r"édition (\d+)", text)}
    assert len(editions) == 1, text
    [edition] = editions
    shown = [i for i, (subject, _, _) in enumerate(TOPICS) if f"{subject}, édition" in text]
    assert shown, text
    assert set(shown) <= set(held(edition)), text
    return edition
