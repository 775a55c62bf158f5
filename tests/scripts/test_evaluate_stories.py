"""scripts/evaluation/stories.py and scripts/tune_stories.py, on headlines of our own."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.settings import read_settings
from index.embedding import Encoder
from scripts import tune_stories
from scripts.evaluation import stories as evaluation
from scripts.evaluation.dataset import Half, NotADataset
from scripts.evaluation.stories import agreement, read_headlines, run

TOWNS = ["Metz", "Nancy", "Brest", "Le Mans"]
# Each story's headlines; the last is one that an aggregator made of forecasts.
STORIES = [
    [
        "Tram de Vaubrac : la ligne 4 coûtera 310 millions d'euros",
        "À Vaubrac, la facture de la ligne 4 du tram grimpe à 310 millions d'euros",
        "Tram de Vaubrac : la ligne 4 coûtera 310 millions d'euros",
    ],
    ["Trois chouettes nées dans le clocher de Saint-Aubrin"] * 2,
    ["Le dernier boulanger de Skerrow ferme boutique après trente et un ans"] * 2,
    ["Lac de Torval : la vanne du barrage bloquée dans la nuit"] * 2,
    ["Un loup photographié au-dessus du hameau des Granges"],
    ["Castelmire retrouve ses halles, trois ans après l'incendie"],
    [f"{town} : la météo du vendredi 3 mai 2024" for town in TOWNS],
]
HEADLINES = [(title, f"story-{i}") for i, told in enumerate(STORIES) for title in told]
FIGURES = [
    "headlines", "stories_of_the_file", "stories", "pairs_put_together", "precision", "recall",
    "f1", "best_f1", "best_f1_threshold", "forecasts", "stories_with_forecasts",
    "precision_with_forecasts", "recall_with_forecasts", "f1_with_forecasts",
]  # fmt: skip
MORNING = datetime(2024, 5, 3, 6, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _loaded_once(monkeypatch: pytest.MonkeyPatch, encoder: Encoder) -> None:
    monkeypatch.setattr(evaluation, "load_encoder", lambda *_: encoder)


def written(
    path: Path, rows: Sequence[Sequence[str]], header: str = "title,published,story"
) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return path


def headlines_file(path: Path) -> Path:
    times = [MORNING + timedelta(minutes=10 * i) for i in range(len(HEADLINES))]
    rows = [
        (title, f"{at:%Y-%m-%d %H:%M:%S}", story)
        for (title, story), at in zip(HEADLINES, times, strict=True)
    ]
    return written(path, rows)


def test_the_figures_leave_forecasts_out_and_tell_them_apart(tmp_path: Path) -> None:
    figures = run(headlines_file(tmp_path / "headlines.csv"), read_settings())
    assert list(figures) == FIGURES
    assert figures["headlines"] == len(HEADLINES) - len(TOWNS)
    assert figures["forecasts"] == len(TOWNS)
    assert figures["stories"] == figures["stories_of_the_file"] == len(STORIES) - 1
    assert (figures["precision"], figures["recall"], figures["f1"]) == (1, 1, 1)
    assert figures["best_f1"] == 1
    # Of the six pairs of forecasts none is put together: a reader of one town's wants that one.
    assert figures["stories_with_forecasts"] == len(STORIES) - 1 + len(TOWNS)
    assert figures["precision_with_forecasts"] == 1
    assert figures["recall_with_forecasts"] == pytest.approx(6 / 12)


def test_figures_and_thresholds_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = run(headlines_file(tmp_path / "headlines.csv"), read_settings())
    names, _, thresholds = capsys.readouterr().out.partition("\n\n")
    printed = dict(line.split() for line in names.splitlines())
    assert list(printed) == list(figures)
    header, *rows = thresholds.splitlines()
    assert header.split() == ["threshold", "precision", "recall", "f1", "stories"]
    assert sum(row.endswith("(shipped)") for row in rows) == 1
    recalls = [float(row.split()[2]) for row in rows]
    assert recalls == sorted(recalls, reverse=True)


def test_the_halves_part_the_stories_between_them(tmp_path: Path) -> None:
    path = headlines_file(tmp_path / "headlines.csv")
    read = read_headlines(path, 0)
    of = {half: {h.story for h in read if h.half is half} for half in Half}
    assert of[Half.TUNE] | of[Half.REPORT] == {story for _, story in HEADLINES}
    assert not of[Half.TUNE] & of[Half.REPORT]
    assert {(h.title, h.half) for h in read} != {(h.title, h.half) for h in read_headlines(path, 1)}
    settings = read_settings()
    counted = [run(path, settings, half)["headlines"] for half in ("tune", "report", "all")]
    assert counted[0] + counted[1] == counted[2]


def test_headlines_are_read_in_order_of_time_whatever_the_zone(tmp_path: Path) -> None:
    rows = [
        ("Troisième", "2024-05-03T09:30:00+02:00", "c", "de"),
        ("Deuxième", "2024-05-03 07:15:00", "b", ""),
        ("Premier", "2024-05-03T07:00:00Z", "a", "en"),
    ]
    path = written(tmp_path / "headlines.csv", rows, "title,published,story,language")
    read = read_headlines(path, 0)
    assert [headline.title for headline in read] == ["Premier", "Deuxième", "Troisième"]
    assert [headline.language for headline in read] == ["en", "fr", "de"]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Météo Nancy: Prévisions du vendredi 3 mai 2024", True),
        ("Quel temps fera-t-il au Havre le samedi 1er juin 2024 ?", True),
        ("Brest : la météo du vendredi 3 mai 2024", True),
        ("Météo-France fond comme neige au soleil", False),
        ("Le procès reprendra le vendredi 3 mai 2024", False),
    ],
)
def test_a_local_forecast_is_known_by_weather_and_date(
    tmp_path: Path, title: str, expected: bool
) -> None:
    path = written(tmp_path / "headlines.csv", [(title, "2024-05-03 07:00:00", "a")])
    [headline] = read_headlines(path, 0)
    assert headline.is_forecast is expected


def test_pairs_are_counted_by_story() -> None:
    found = agreement(["a", "a", "a", "b", "b"], ["x", "x", "y", "y", "y"])
    assert (found.put_together, found.of_one_story, found.right) == (4, 4, 2)
    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)
    nothing = agreement(["a", "b"], ["x", "y"])
    assert (nothing.precision, nothing.recall, nothing.f1) == (1, 1, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        (b"", "has no column title, published, story"),
        (b"title,published\nA,2024-05-03\n", "has no column story"),
        (b"title,published,story\n", "holds no headline"),
        (b"title,published,story\nA,2024-05-03 07:00:00,x\nB,yesterday,x\n", "line 3: 'yesterday'"),
        (b"title,published,story\n,2024-05-03 07:00:00,x\n", "line 2: a title"),
        (b"title,published,story\nA,2024-05-03 07:00:00\n", "line 2: a title"),
        (b'title,published,story\n"A,2024-05-03 07:00:00,x\n', "cannot be read"),
        (b"title,published,story\n\xff\xfe,2024-05-03 07:00:00,x\n", "cannot be read"),
    ],
)
def test_a_bad_file_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, said: str
) -> None:
    path = tmp_path / "headlines.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NotADataset, match="headlines.csv") as raised:
        run(path, read_settings())
    assert said in str(raised.value)
    assert tune_stories.main([str(path)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("tune_stories.py: ")
    assert said in line


def test_tuning_prints_weights_and_both_halves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = [
        "le marché couvert rouvre", "un cycliste blessé rue Haute", "la chorale cherche des voix",
        "une crèche de vingt berceaux", "le pont fermé aux camions", "des arbres pour le stade",
        "le cinéma garde son écran", "la piscine en travaux", "un maire jugé pour favoritisme",
    ]  # fmt: skip
    rows = [
        (f"{place} : {event}", "2024-05-03 07:00:00", event)
        for event in events
        for place in ("Vaubrac", "Ville de Vaubrac")
    ]
    path = written(tmp_path / "headlines.csv", rows)
    assert tune_stories.main([str(path)]) == 0
    weights, *halves = capsys.readouterr().out.split("\n\n")
    assert weights.startswith("Weights(intercept=")
    assert [half.partition(":")[0] for half in halves] == ["tune", "report"]
    assert tune_stories.main([str(path)]) == 0
    assert capsys.readouterr().out.split("\n\n") == [weights, *halves]


def test_nothing_to_tune_on_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(title, "2024-05-03 07:00:00", story) for title, story in HEADLINES[3:4]]
    assert tune_stories.main([str(written(tmp_path / "headlines.csv", rows))]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("tune_stories.py: ")
