"""scripts/bench.py: speed, beside what it is to be compared with."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from bot.state.database import checked_url, prepare
from index.articles.article import Article
from index.embedding import Encoder
from index.passages import split_into_passages
from index.reader import Reader
from scripts import bench
from scripts.bench import MixedEncoder, generated_articles
from scripts.stories import read_stories
from scripts.synthetic.subscriptions import Title, topics_from
from tests.scripts.question_files import PARAGRAPHS, questions, squad, stories

ROOT = Path(__file__).parents[2]
NUMBER = r"\d+\.\d+"


@pytest.fixture
def _small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample of three articles with the questions of a SQuAD file, and stories to recombine."""
    questions(tmp_path / "sample")
    (tmp_path / "training").mkdir()
    stories(tmp_path / "training" / "stories-z.jsonl")
    monkeypatch.setattr(bench, "_SAMPLE", tmp_path / "sample")
    monkeypatch.setattr(bench, "_QUESTIONS", squad(tmp_path / "squad.json", "2.0"))
    monkeypatch.setattr(bench, "_TRAINING", tmp_path / "training")


@pytest.fixture
def _loaded_once(monkeypatch: pytest.MonkeyPatch, encoder: Encoder) -> None:
    monkeypatch.setattr(bench, "load_encoder", lambda *_: encoder)


QUESTIONS = sum(len(asked) for _, asked in PARAGRAPHS)


@pytest.mark.slow
@pytest.mark.usefixtures("_small", "_loaded_once")
def test_embedding_and_query_are_compared_with_sentence_transformers(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert bench.main(["embedding", "query"]) == 0
    printed = re.fullmatch(
        rf"embedding 3 passages, median of 5 runs in turn\n"
        rf"  sentence-transformers' defaults +({NUMBER}) passages/s\n"
        rf"  ours +({NUMBER}) passages/s, ({NUMBER}) times\n"
        rf"  cosine with theirs +({NUMBER}) at least, ({NUMBER})\n"
        rf"encoding {QUESTIONS} questions\n"
        rf"  sentence-transformers' defaults +({NUMBER}) ms at the median\n"
        rf"  ours +({NUMBER}) ms, ({NUMBER}) times\n",
        capsys.readouterr().out,
    )
    assert printed
    theirs, ours, faster, least, mean, their_ms, our_ms, times = map(float, printed.groups())
    # What is printed is rounded.
    assert (ours - 0.06) / (theirs + 0.06) <= faster + 0.006
    assert (ours + 0.06) / max(theirs - 0.06, 0.01) >= faster - 0.006
    assert 0.99 < least <= mean <= 1.001
    assert times == pytest.approx(their_ms / our_ms, rel=0.05, abs=0.01)
    assert not caplog.records  # sentence-transformers warns of a model in float16, which is slow


@pytest.mark.slow
@pytest.mark.usefixtures("_small", "_loaded_once")
def test_answers_are_timed_over_so_many_passages(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "load_reader", lambda _: reader)
    # The stories that ship: with few sentences passages are too alike to find themselves.
    monkeypatch.setattr(bench, "_TRAINING", ROOT / "data" / "training")
    assert bench.main(["answer", "--passages", "300"]) == 0
    printed = re.fullmatch(
        rf"{QUESTIONS} questions to answers over (\d+) passages, warm\n"
        rf"  asked first  p50 +({NUMBER}) ms   p95 +({NUMBER}) ms\n"
        rf"  asked again  p50 +({NUMBER}) ms   p95 +({NUMBER}) ms\n",
        capsys.readouterr().out,
    )
    assert printed
    passages, *times = map(float, printed.groups())
    assert 300 <= passages <= 310
    assert 0 < times[0] <= times[1]
    assert 0 < times[2] <= times[3]


@pytest.mark.slow
@pytest.mark.usefixtures("_loaded_once")
def test_new_articles_are_matched_with_so_many_subscriptions(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "_TRAINING", ROOT / "data" / "training")
    monkeypatch.setattr(bench, "_THERE_BEFORE", 1)
    assert bench.main(["alerts", "--subscriptions", "300", "--articles", "4"]) == 0
    line = (
        rf" new: matched in +({NUMBER}) s, of which reading subscriptions ({NUMBER}) s, "
        rf"writing (\d+) alerts ({NUMBER}) s\n"
    )
    printed = re.fullmatch(
        rf"300 subscriptions on sqlite\n"
        rf" +1{line} +1{line} +4{line}"
        rf"  memory at most (\d+) MiB; (\d+) without subscriptions\n",
        capsys.readouterr().out,
    )
    assert printed
    figures = list(map(float, printed.groups()))
    for seconds, reading, _, writing in (figures[0:4], figures[4:8], figures[8:12]):
        assert reading + writing <= seconds + 0.02
    assert figures[-1] <= figures[-2]


@pytest.mark.usefixtures("_loaded_once")
def test_a_database_in_use_is_not_measured_in(
    postgresql_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    url = checked_url(postgresql_url)
    prepare(url)
    engine = create_engine(url)
    insert = (
        "INSERT INTO chats (id, kind, language, created_at) VALUES (42, 'private', 'fr', now())"
    )
    with engine.begin() as connection:
        connection.execute(text(insert))
    assert bench.main(["alerts", "--database-url", postgresql_url]) == 2
    assert "names a database in use" in capsys.readouterr().err
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT id FROM chats")) == 42
    engine.dispose()


def test_without_a_name_every_bench_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    for name in list(bench._BENCHES):
        monkeypatch.setitem(bench._BENCHES, name, lambda *_, name=name: ran.append(name))
    assert bench.main([]) == 0
    assert ran == ["embedding", "query", "answer", "alerts"]
    assert bench.main(["query"]) == 0
    assert ran[4:] == ["query"]


def test_an_unknown_bench_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        bench.main(["query", "speed"])
    assert ended.value.code == 2
    assert "there is no speed" in capsys.readouterr().err


@pytest.mark.usefixtures("_loaded_once")
def test_without_the_sample_it_says_so_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for what in ("embedding", "answer"):
        assert bench.main([what]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("bench.py: data/sample does not exist")


def test_a_wrong_setting_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UI_LANGUAGE", "de")
    assert bench.main(["query"]) == 2
    assert capsys.readouterr().err.startswith("bench.py: UI_LANGUAGE")


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("passages", [1, 40])
def test_articles_are_made_of_real_sentences_in_a_new_order(passages: int, tmp_path: Path) -> None:
    made = generated_articles(passages, seed=0)
    counts = [len(split_into_passages(article)) for article in made]
    assert sum(counts[:-1]) < passages <= sum(counts)
    assert len({article.id for article in made}) == len(made)
    told = read_stories(tmp_path / "training" / "stories-z.jsonl")
    known = " ".join(text.text for story in told for text in story.texts)
    titles = {text.title for story in told for text in story.texts}
    for article in made:
        assert article.language == "fr"
        assert article.title.rpartition(" (")[0] in titles
        for sentence in re.split(r"(?<=\.)\s+", article.body):
            assert sentence in known


@pytest.mark.usefixtures("_small")
def test_the_seed_draws_the_articles() -> None:
    def bodies(seed: int) -> list[str]:
        return [article.body for article in generated_articles(20, seed)]

    assert bodies(0) == bodies(0)
    assert bodies(0) != bodies(1)


def test_known_texts_have_their_own_vectors_and_others_mixed_ones(encoder: Encoder) -> None:
    known = ["Le pont a rouvert.", "La gare ferme.", "Trois chouettes sont nées."]
    mixed = MixedEncoder(encoder)
    mixed.learn(known)
    texts = ["Un texte.", known[1], "Un autre texte.", "Un troisième."]
    vectors = mixed.encode_passages(texts)
    real = encoder.encode_passages(known)
    assert np.allclose(vectors[1], real[1])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (vectors[[0, 2, 3]] @ real.T).max() < 0.999
    assert np.array_equal(mixed.encode_query("Où ?"), encoder.encode_query("Où ?"))
    assert mixed.name != encoder.name  # or its vectors would be kept among the encoder's


def test_other_texts_have_other_vectors_batch_after_batch(encoder: Encoder) -> None:
    mixed = MixedEncoder(encoder)
    mixed.learn(["Le pont a rouvert.", "La gare ferme."])
    batches = [[f"{batch} {row}" for row in range(50)] for batch in range(4)]
    vectors = np.concatenate([mixed.encode_passages(batch) for batch in batches])
    assert len(np.unique(vectors, axis=0)) == 200
    assert np.array_equal(mixed.encode_passages(batches[0]), vectors[:50])


def test_an_article_is_embedded_whole_and_by_sentence() -> None:
    article = Article("a", "Titre", "Le pont a rouvert. La gare ferme.", "fr")
    assert bench._embedded(article) == [
        "Titre\nLe pont a rouvert. La gare ferme.",
        "Titre\nLe pont a rouvert.",
        "Titre\nLa gare ferme.",
    ]


def test_topics_are_cut_from_titles() -> None:
    titles = [
        Title("Le pont de la Rance a rouvert samedi matin", "fr"),
        Title("The ferry to the island is late again", "en"),
    ]
    topics = topics_from(titles, 8, seed=1)
    assert len({topic.text for topic in topics}) == 8
    for topic in topics:
        assert topic.title in titles
        assert f" {topic.text} " in f" {topic.title.text} "
        assert 2 <= len(topic.text.split()) <= 6
        assert not {topic.text.split()[0], topic.text.split()[-1]} & {"Le", "de", "la", "The", "to"}
    assert topics_from(titles, 8, seed=1) == topics
    assert topics_from(titles, 8, seed=2) != topics
    with pytest.raises(ValueError, match="2 titles hold"):
        topics_from(titles, 1000)


@pytest.mark.usefixtures("_loaded_once")
def test_too_few_titles_for_so_many_topics_are_told_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert bench.main(["alerts", "--subscriptions", "1000000"]) == 2
    assert "topics, not 1000000" in capsys.readouterr().err
