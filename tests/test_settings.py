"""Settings: from the environment, then .env, then defaults; a wrong one is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.settings import SAMPLE_DIR, Settings, WrongSetting, read_settings

EXAMPLE = Path(__file__).parents[1] / ".env.example"
NAMES = [name.upper() for name in Settings.model_fields]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder to run in, and no setting in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper() in NAMES:
            monkeypatch.delenv(name)


def _example_lines() -> list[str]:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_example_names_every_setting_in_order() -> None:
    assert [line.partition("=")[0] for line in _example_lines()] == NAMES


def test_the_example_gives_the_defaults(tmp_path: Path) -> None:
    defaults = read_settings()
    (tmp_path / ".env").write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    assert read_settings() == defaults


def test_each_setting_of_the_example_is_explained() -> None:
    before = ""
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            assert before.startswith("#"), line
        before = line


def test_the_environment_goes_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("UI_LANGUAGE=en\nINDEX_DIR=été\n", encoding="utf-8")
    monkeypatch.setenv("ui_language", "fr")
    settings = read_settings()
    assert (settings.ui_language, settings.index_dir) == ("fr", Path("été"))


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_value_means_the_default(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = read_settings()
    monkeypatch.setenv(name, "")
    assert read_settings() == defaults


def test_unknown_names_in_the_file_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("COMPOSE_PROFILES=x\nUI_LANGUAGE=en\n", encoding="utf-8")
    assert read_settings().ui_language == "en"


@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("LOG_LEVEL", "Warning", "WARNING"),
        ("TELEGRAM_API_URL", "http://localhost:8081/", "http://localhost:8081"),
        ("EMBEDDING_MODEL", " default ", "default"),
        ("MODELS_DIR", "a b", Path("a b")),
        ("ADMIN_IDS", " 12, 34,,12 ", (12, 34)),
        ("ADMIN_IDS", "5000000000", (5_000_000_000,)),
    ],
)
def test_a_value_is_read_kindly(
    name: str, given: str, read: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, given)
    assert getattr(read_settings(), name.lower()) == read


def test_a_token_may_be_surrounded_by_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", " 123456:ABC-def_1 \n")
    token = read_settings().telegram_bot_token
    assert token is not None
    assert token.get_secret_value() == "123456:ABC-def_1"


def test_names_of_fields_are_read_as_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTICLE_FIELDS", "title=titre, TEXT = fields.corps ,")
    assert read_settings().article_fields.own == (("title", "titre"), ("text", "fields.corps"))


WRONG = [
    ("ARTICLE_FIELDS", "titre"),
    ("ARTICLE_FIELDS", "headline=titre"),
    ("UI_LANGUAGE", "de"),
    ("LOG_LEVEL", "loud"),
    ("TELEGRAM_API_URL", "api.telegram.org"),
    ("TELEGRAM_API_URL", "ftp://api.telegram.org"),
    ("ADMIN_IDS", "@anne"),
    ("ADMIN_IDS", "12;34"),
    ("ADMIN_IDS", "12, -1001234"),
    ("ADMIN_IDS", "0"),
    ("TELEGRAM_BOT_TOKEN", "s3cret-without-colon"),
    ("TELEGRAM_BOT_TOKEN", "123456:s3cret with blanks"),
    ("TELEGRAM_BOT_TOKEN", "bot123456:s3cret"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(WrongSetting) as wrong:
        read_settings()
    told = str(wrong.value)
    assert told.startswith(name)
    assert ".env.example" in told
    assert "\n" not in told
    assert "s3cret" not in told
    assert (value in told.lower()) == (name != "TELEGRAM_BOT_TOKEN")


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_the_bot_does_not_start_with_a_wrong_value_and_says_so_in_one_line(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    assert main([]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(name)
    assert told.err.count("\n") == 1
    assert "s3cret" not in told.err


def test_several_wrong_values_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UI_LANGUAGE", "de")
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(WrongSetting) as wrong:
        read_settings()
    assert [line.split()[0] for line in str(wrong.value).splitlines()] == [
        "UI_LANGUAGE",
        "LOG_LEVEL",
    ]


def test_a_file_that_is_no_utf8_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_bytes("UI_LANGUAGE=fr # français".encode("latin-1"))
    assert main([]) == 2
    told = capsys.readouterr().err
    assert ".env" in told
    assert told.count("\n") == 1


def test_the_token_is_not_in_what_settings_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123456:s3cret")
    settings = read_settings()
    assert "s3cret" not in f"{settings} {settings!r} {settings.model_dump()}"


def test_the_sample_serves_until_there_are_articles(tmp_path: Path) -> None:
    own = tmp_path / "data" / "articles"
    assert read_settings().corpus_dir == SAMPLE_DIR
    own.mkdir(parents=True)
    (own / ".gitkeep").touch()
    assert read_settings().corpus_dir == SAMPLE_DIR
    (own / "2024").mkdir()
    (own / "2024" / "tram.txt").write_text("Le tram.", encoding="utf-8")
    assert read_settings().corpus_dir == Path("data/articles")
