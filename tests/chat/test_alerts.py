"""Topic alerts as a subscriber meets them: a bot in a process, Telegram over HTTP, articles as
files that scripts/reindex.py reads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest

from tests.chat.newsroom import PARIS, PATIENCE, WEDNESDAY, Newsroom, Text, open_newsroom
from tests.chat.running import running_bot

pytestmark = pytest.mark.slow
_chats = count(8000)
_WHILE = 2.0  # seconds in which what must not come would have come

TRAM: Text = (
    "Le tram d’Ostwick aura une cinquième ligne",
    "La métropole d’Ostwick a voté jeudi la construction d’une cinquième ligne de tramway. Elle "
    "reliera la gare au campus en dix-huit minutes. Le chantier du tram commencera au printemps.",
)
OWLS: Text = (
    "Trois chouettes effraies nées dans le clocher de Vaubrac",
    "Des habitants ont découvert dimanche trois petites chouettes dans le clocher de l’église. "
    "Une association de protection des oiseaux les surveille chaque nuit.",
)
DAM: Text = (
    "La vanne du barrage de Valorgue remplacée",
    "La vanne du barrage de Valorgue a été remplacée lundi par l’entreprise Sabran. Le lac du "
    "barrage retrouvera son niveau avant l’été, promet l’exploitant.",
)
FERRY: Text = (
    "Le ferry de Skerrow reprend la mer",
    "Le ferry de l’île de Skerrow a repris la mer samedi matin après trois semaines de panne. Les "
    "habitants de l’île avaient été ravitaillés par hélicoptère.",
)
THEFT: Text = (
    "Un faune de bronze volé au musée de Marvelle",
    "Un faune de bronze du dix-septième siècle a été volé dans la nuit de mardi à mercredi au "
    "musée de Marvelle. Les voleurs ont neutralisé l’alarme du musée.",
)
THEFT_AGAIN: Text = (
    "Marvelle : un faune de bronze volé au musée",
    "Au musée de Marvelle, un faune de bronze a disparu dans la nuit de mardi à mercredi. L’alarme "
    "du musée avait été neutralisée par les voleurs.",
)
STADIUM: Text = (
    "Le stade de Peñalmena aura un toit",
    "Le conseil municipal de Peñalmena a décidé de couvrir le stade d’un toit de bois. Les travaux "
    "du stade coûteront douze millions d’euros.",
)
CHOIR: Text = (
    "La chorale de Lauterfeld chantera à Prague",
    "La chorale de Lauterfeld est invitée en juin au festival de Prague. Les quarante choristes "
    "répètent chaque soir dans la salle des fêtes.",
)
CHOIR_OF_MARVELLE: Text = (
    "La chorale de Marvelle fête ses cent ans",
    "La chorale de Marvelle a cent ans. Ses choristes donneront un concert gratuit dimanche sur la "
    "place, avec d’anciens membres de la chorale venus de toute la région.",
)
MUSHROOMS: Text = (
    "Une pluie de cèpes dans la forêt de Brumelle",
    "Les cueilleurs de champignons n’en reviennent pas : des cèpes par milliers ont poussé dans la "
    "forêt de Brumelle. Les pharmaciens rappellent de faire vérifier sa récolte.",
)


@pytest.fixture(scope="module")
def newsroom(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    """Shared: each test has chats, topics and articles of its own."""
    with open_newsroom(tmp_path_factory.mktemp("newsroom"), models_dir) as room:
        yield room


@pytest.fixture
def chat() -> int:
    return next(_chats)


def test_an_alert_arrives_once_with_its_excerpt_and_nothing_else_does(
    newsroom: Newsroom, chat: int
) -> None:
    confirmed = newsroom.subscribe(chat, "le tram d’Ostwick")
    assert "Vous suivez «\u00a0le tram d’Ostwick\u00a0»" in confirmed.text
    newsroom.publish((OWLS, "Le Courrier"))
    newsroom.publish((TRAM, "Le Courrier"))
    alert = newsroom.wait_for_alert(chat)
    assert alert.text.startswith("🔔 le tram d’Ostwick")
    assert TRAM[0] in alert.text
    assert "Le Courrier · 15 mai 2024" in alert.text
    assert "cinquième ligne de tramway" in alert.text
    newsroom.reindex()
    newsroom.reindex("--full")
    newsroom.publish((CHOIR, "L’Écho"))
    time.sleep(_WHILE)
    assert newsroom.alerts(chat) == [alert]


def test_a_topic_that_was_asked_for_is_the_next_text_and_one_can_think_better_of_it(
    newsroom: Newsroom, chat: int
) -> None:
    asked = newsroom.ask(chat, "/subscribe")
    assert "Que voulez-vous suivre" in asked.text
    card = newsroom.ask(chat, "la boulangerie de Skerrow")
    assert card.text.startswith("🔔 la boulangerie de Skerrow")
    assert "La dernière boulangerie de Skerrow ferme" in card.text  # what it would have brought
    assert "Rien n’a été changé" in newsroom.press(card, "Annuler").text
    assert "aucun sujet" in newsroom.ask(chat, "/subscriptions").text
    question = newsroom.ask(chat, "Que dit la boulangère de Skerrow ?")
    assert question.text.startswith("Que dit la boulangère de Skerrow ?")


def test_the_bell_under_an_answer_follows_its_topic(newsroom: Newsroom, chat: int) -> None:
    answer = newsroom.ask(chat, "Qui surveille les cèpes de la forêt de Brumelle ?")
    card = newsroom.press_for_another(answer, "🔔")
    assert card.text.startswith("🔔 surveille les cèpes de la forêt de Brumelle")
    newsroom.press(card, "Suivre")
    newsroom.publish((MUSHROOMS, "Le Courrier"))
    assert MUSHROOMS[0] in newsroom.wait_for_alert(chat).text


def test_a_digest_comes_at_its_hour_with_all_there_is(newsroom: Newsroom, chat: int) -> None:
    newsroom.clock.set(WEDNESDAY)
    newsroom.subscribe(chat, "le barrage de Valorgue")
    card = newsroom.press_for_another(newsroom.ask(chat, "/subscriptions"), "⚙️ 1")
    menu = newsroom.press(newsroom.press(card, "Dès que ça arrive"), "Chaque jour")
    menu = newsroom.press(menu, "18:00")
    assert "Chaque jour à 18:00" in menu.text
    newsroom.publish((DAM, "Le Courrier"))
    newsroom.clock.set(datetime(2024, 5, 15, 17, 59, 30, tzinfo=PARIS))
    time.sleep(_WHILE)
    assert newsroom.alerts(chat) == []
    newsroom.clock.set(datetime(2024, 5, 15, 18, 0, 1, tzinfo=PARIS))
    assert DAM[0] in newsroom.wait_for_alert(chat).text
    newsroom.clock.set(datetime(2024, 5, 16, 18, 0, 1, tzinfo=PARIS))
    time.sleep(_WHILE)
    assert len(newsroom.alerts(chat)) == 1


def test_one_story_of_two_papers_is_one_alert_and_a_third_is_named_later(
    newsroom: Newsroom, chat: int
) -> None:
    newsroom.subscribe(chat, "vol au musée de Marvelle")
    newsroom.publish((THEFT, "Le Courrier"), (THEFT_AGAIN, "L’Écho du Ried"))
    alert = newsroom.wait_for_alert(chat)
    assert "Aussi à ce sujet" in alert.text
    assert {"Le Courrier", "L’Écho du Ried"} <= set(alert.text.replace("\n", " · ").split(" · "))
    newsroom.publish(((THEFT[0], THEFT[1] + " Une enquête est ouverte."), "La Gazette"))
    assert "La Gazette" in newsroom.changed(alert).text
    assert len(newsroom.alerts(chat)) == 1


def test_a_group_is_managed_by_its_admins(newsroom: Newsroom) -> None:
    group, admin, member = -1_000_000_009_001, 71, 72
    newsroom.telegram.set_member(group, admin, "administrator")
    refused = newsroom.ask(group, "/subscribe le stade de Peñalmena", member)
    assert "Seuls les administrateurs" in refused.text
    card = newsroom.ask(group, "/subscribe le stade de Peñalmena", admin)
    newsroom.telegram.press(card, card.button("Suivre"), user_id=member)
    [told] = newsroom.telegram.wait_for_call(
        "answerCallbackQuery", 1, PATIENCE, where=lambda call: "text" in call.params
    )
    assert "Seuls les administrateurs" in told.params["text"]
    assert "Vous suivez" in newsroom.press(card, "Suivre", admin).text
    newsroom.publish((STADIUM, "Le Courrier"))
    assert STADIUM[0] in newsroom.wait_for_alert(group).text


def test_a_channel_follows_what_is_posted_in_it(newsroom: Newsroom) -> None:
    channel, admin = -1_000_000_009_002, 73
    newsroom.telegram.set_member(channel, admin, "creator")
    posted = newsroom.telegram.post(channel, "/subscribe la chorale de Marvelle")
    [card] = newsroom.telegram.wait_for(channel, 1, PATIENCE, after=posted)
    newsroom.press(card, "Suivre", admin)
    newsroom.publish((CHOIR_OF_MARVELLE, "Le Courrier"))
    alert = newsroom.wait_for_alert(channel)
    assert CHOIR_OF_MARVELLE[0] in alert.text
    stranger, not_about = 74, alert.button("Hors sujet")
    newsroom.telegram.press(alert, not_about, user_id=stranger)
    newsroom.telegram.press(alert, not_about, user_id=admin)
    told = newsroom.telegram.wait_for_call(
        "answerCallbackQuery", 1, PATIENCE, where=lambda call: "plus strict" in str(call.params)
    )
    assert len(told) == 1


def test_what_arrives_while_the_bot_is_down_is_told_when_it_is_back(
    models_dir: Path, tmp_path: Path, chat: int
) -> None:
    with open_newsroom(tmp_path, models_dir) as newsroom:
        newsroom.subscribe(chat, "le ferry de l’île de Skerrow")
        assert newsroom.bot.end() == 0
        newsroom.write(FERRY, "Le Courrier")
        newsroom.reindex()
        with running_bot(
            newsroom.telegram, tmp_path / "built", models_dir, tmp_path, tmp_path / "clock"
        ):
            alert = newsroom.wait_for_alert(chat)
            assert FERRY[0] in alert.text
            told = newsroom.press_for_another(alert, "Ne plus suivre")
            assert "Vous ne suivez plus" in told.text
            assert "Vous suivez" in newsroom.press(told, "Rétablir").text
        assert len(newsroom.alerts(chat)) == 1
