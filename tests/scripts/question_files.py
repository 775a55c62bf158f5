"""Small files of questions in each of the forms that scripts/evaluate.py takes. All invented."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# A paragraph with its questions and their answers; None is asked of SQuAD v2.0 alone.
Paragraph = tuple[str, Sequence[tuple[str, str | None]]]
Document = tuple[str, Sequence[Paragraph]]  # with its title

MARKED = (
    "Au péage du pont des Aulnes, la borne affiche le code *4_12* puis [retour](accueil) et "
    "<b>merci</b> &amp; bonne route. # La barrière C:\\nord reste levée la nuit."
)
# Five documents under four titles: the fourth has the first one's, once read.
DOCUMENTS: list[Document] = [
    (
        "Pont_des_Aulnes",
        [
            (
                "Le pont des Aulnes a rouvert à Vaubrac le 12 mars, après deux ans de travaux. "
                "L'architecte Irène Castelnau l'a fait repeindre en vert sombre. Les camions de "
                "plus de douze tonnes doivent toujours passer par la rocade.",
                [
                    ("Quel jour le pont des Aulnes a-t-il rouvert ?", "le 12 mars"),
                    ("Qui a fait repeindre le pont des Aulnes ?", "Irène Castelnau"),
                    ("Combien le pont des Aulnes a-t-il coûté ?", None),
                ],
            ),
            (MARKED, [("Quel code la borne du péage affiche-t-elle ?", "*4_12*")]),
        ],
    ),
    (
        "Moulin de Garenne",
        [
            (
                "Le moulin de Garenne moud de nouveau du seigle depuis l'automne. Le meunier "
                "Basile Roque vend sa farine trois euros le kilo au marché de Lormeuil.",
                [
                    ("Combien coûte le kilo de farine de Basile Roque ?", "trois euros"),
                    ("Quelle céréale le moulin de Garenne moud-il ?", "du seigle"),
                ],
            ),
            (
                "La roue du moulin, large de quatre mètres, a été taillée dans un chêne tombé "
                "pendant la tempête de janvier. Un menuisier de Saint-Orens l'a posée en une "
                "semaine.",
                [
                    ("De quel arbre la roue du moulin a-t-elle été taillée ?", "un chêne"),
                    ("Qui a payé la roue du moulin ?", None),
                ],
            ),
        ],
    ),
    (
        "Chouettes du clocher",
        [
            (
                "Trois chouettes effraies sont nées dans le clocher de Brissonne. L'association "
                "Plumes et Nuit les surveille avec une caméra infrarouge offerte par la mairie.",
                [
                    ("Combien de chouettes sont nées à Brissonne ?", "Trois chouettes"),
                    ("Avec quoi l'association surveille-t-elle les chouettes ?", "une caméra"),
                ],
            ),
            (
                "Le curé de Brissonne a décalé la sonnerie de six heures à neuf heures pour "
                "laisser dormir les petits. Les paroissiens ont voté cette mesure à main levée.",
                [("À quelle heure le curé a-t-il décalé la sonnerie ?", "neuf heures")],
            ),
        ],
    ),
    (
        "Pont des Aulnes",
        [
            (
                "La fête d'ouverture a réuni huit cents personnes au bord de la Sévre. La "
                "fanfare de Vaubrac a joué jusqu'à minuit malgré la pluie.",
                [("Combien de personnes la fête d'ouverture a-t-elle réunies ?", "huit cents")],
            ),
        ],
    ),
    (
        "Gare de Brévannes",
        [
            (
                "La gare de Brévannes perdra son guichet au 1er juillet. La régie invite les "
                "voyageurs à acheter leurs billets à la boulangerie Dautry, ouverte dès cinq "
                "heures.",
                [("Où les voyageurs achèteront-ils leurs billets ?", "la boulangerie Dautry")],
            ),
            (
                "Une pétition contre la fermeture du guichet a recueilli 2 340 signatures. Son "
                "auteure, Maud Ferrière, prend le train de Brévannes chaque matin depuis vingt "
                "ans.",
                [("Qui a lancé la pétition contre la fermeture du guichet ?", "Maud Ferrière")],
            ),
        ],
    ),
]
TITLES = {"Pont des Aulnes", "Moulin de Garenne", "Chouettes du clocher", "Gare de Brévannes"}
PARAGRAPHS = [paragraph for _, paragraphs in DOCUMENTS for paragraph in paragraphs]
ANSWERED = sum(answer is not None for _, asked in PARAGRAPHS for _, answer in asked)
IMPOSSIBLE = sum(answer is None for _, asked in PARAGRAPHS for _, answer in asked)


def squad(path: Path, version: str = "1.1", documents: Sequence[Document] = DOCUMENTS) -> Path:
    """Written as SQuAD v1.1 or v2.0; what has no answer is left out of v1.1."""
    data = [
        {
            "title": title,
            "paragraphs": [
                {"context": text, "qas": _asked(text, asked, version)} for text, asked in paragraphs
            ],
        }
        for title, paragraphs in documents
    ]
    path.write_text(json.dumps({"version": version, "data": data}), encoding="utf-8")
    return path


def _asked(
    text: str, asked: Sequence[tuple[str, str | None]], version: str
) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for question, answer in asked:
        if answer is None and version == "1.1":
            continue
        answers = [] if answer is None else [{"text": answer, "answer_start": text.index(answer)}]
        made.append({"id": question, "question": question, "answers": answers})
        if version == "2.0":
            made[-1]["is_impossible"] = answer is None
            if answer is None:  # SQuAD v2.0 names what one might mistake for an answer
                made[-1]["plausible_answers"] = [{"text": text[:10], "answer_start": 0}]
    return made


def stories(path: Path, count: int = 5) -> Path:
    """So many stories: each of two texts on one event and one on another; three questions, the
    last without an answer."""
    lines = [json.dumps(_story(number), ensure_ascii=False) for number in range(count)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def stories_with_an_english_question(path: Path) -> Path:
    """The same, but that the first question is asked in English of French texts."""
    first, *others = stories(path).read_text(encoding="utf-8").splitlines()
    story = json.loads(first)
    story["questions"][0] |= {
        "question": "How long will the swimming pool of Vaubrac be closed?",
        "language": "en",
    }
    path.write_text("\n".join([json.dumps(story), *others]), encoding="utf-8")
    return path


_TOWNS = ["Vaubrac", "Lormeuil", "Brissonne", "Garenne", "Saint-Orens", "Brévannes", "Ostrelle"]
_THINGS = ["la piscine", "le lavoir", "la halle", "le stade", "la crèche", "le musée", "le port"]


def _story(number: int) -> dict[str, Any]:
    town, thing, months = _TOWNS[number], _THINGS[number], f"{number + 3} mois"
    sum_ = f"{number + 11},4 millions d'euros"
    return {
        "story": f"chantier-{town.lower()}",
        "texts": [
            {
                "language": "fr",
                "title": f"{town} : {thing} fermera",
                "text": f"À {town}, {thing} fermera {months}. Les travaux coûteront {sum_}.",
            },
            {
                "language": "fr",
                "title": f"{town} : le conseil vote les travaux",
                "text": f"Le conseil de {town} a voté les travaux. Il y consacre {sum_}, dit-il.",
            },
            {
                "language": "fr",
                "title": f"Le marché de {town} change de jour",
                "text": f"Le marché de {town} se tiendra le jeudi. Les forains s'en plaignent.",
            },
        ],
        "questions": [
            {
                "question": f"Combien de temps {thing} de {town} fermera-t-elle ?",
                "language": "fr",
                "answers": [{"text": 0, "words": months}],
            },
            {
                "question": f"Combien coûteront les travaux à {town} ?",
                "language": "fr",
                "answers": [{"text": 0, "words": sum_}, {"text": 1, "words": sum_}],
            },
            {"question": f"Qui est maire de {town} ?", "language": "fr", "answers": []},
        ],
    }


def questions(folder: Path) -> Path:
    """A file of four questions beside three articles of two stories."""
    for name, title, text in [
        ("quai/01.md", "Le quai", "Le quai Nord d'Ostrelle sera pavé de granit en octobre."),
        ("quai/02.md", "Les pavés", "Les pavés du quai Nord viennent d'une carrière de Vaubrac."),
        ("four/01.md", "Le four", "Le four banal de Garenne a cuit quarante pains dimanche."),
    ]:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"---\ntitle: {title}\n---\n\n{text}\n", encoding="utf-8")
    rows = [
        ("q1", "quai", "De quoi le quai Nord sera-t-il pavé ?", [("quai/01.md", "de granit")]),
        ("q2", "quai", "D'où viennent les pavés ?", [("quai/02.md", "une carrière de Vaubrac")]),
        ("q3", "four", "Combien de pains le four a-t-il cuits ?", [("four/01.md", "quarante")]),
        ("q4", "four", "Qui a bâti le four de Garenne ?", []),
    ]
    lines = [
        json.dumps(
            {
                "id": id,
                "question": asked,
                "language": "fr",
                "story": story,
                "answers": [{"article": article, "words": words} for article, words in answers],
            }
        )
        for id, story, asked, answers in rows
    ]
    path = folder / "questions.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
