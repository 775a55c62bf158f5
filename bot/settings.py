"""Every setting, typed: from the environment, then .env, then these defaults.

Names, order and meaning are those of .env.example.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.answering.writing.model import ModelChoice, parse_model
from bot.state.database import checked_url
from index.articles.reading import FieldNames, article_files

SAMPLE_DIR = Path("data/sample")


class WrongSetting(Exception):
    """A setting has a value that cannot be used; the message names it and says why."""


class Settings(BaseSettings):
    """Read once, by an entry point, and passed down."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_default=True,
        str_strip_whitespace=True,
    )

    telegram_bot_token: SecretStr | None = None
    telegram_api_url: str = "https://api.telegram.org"
    admin_ids: Annotated[tuple[int, ...], NoDecode] = ()
    articles_dir: Path = Path("data/articles")
    article_fields: Annotated[FieldNames, NoDecode] = FieldNames()
    feeds_allow_nets: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    index_dir: Path = Path("data/index")
    embedding_model: str = "default"
    models_dir: Path = Path("data/models")
    llm_model: str | None = None
    llm_base_url: str | None = None
    llm_api_key: SecretStr | None = None
    llm_context_tokens: Annotated[int, Field(ge=1024, le=10_000_000)] = 8192
    llm_timeout: Annotated[float, Field(ge=1, le=600)] = 60.0
    database_url: SecretStr = SecretStr("sqlite:///data/state/depeche.db")
    alert_max_age_days: Annotated[int, Field(ge=0, le=3650)] = 7
    subscriptions_per_chat: Annotated[int, Field(ge=1, le=25)] = 20
    time_zone: ZoneInfo = ZoneInfo("Europe/Paris")
    ui_language: Literal["fr", "en"] = "fr"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("telegram_bot_token")
    @classmethod
    def _token_has_its_form(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None:
            number, colon, secret = token.get_secret_value().partition(":")
            if not (colon and number.isdigit() and secret and not any(map(str.isspace, secret))):
                raise ValueError("not of the form 123456:ABC… that @BotFather gives")
        return token

    @field_validator("telegram_api_url")
    @classmethod
    def _url_is_http(cls, url: str) -> str:
        if not url.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// or http://")
        return url.rstrip("/")

    @field_validator("admin_ids", mode="before")
    @classmethod
    def _ids_are_parsed(cls, ids: object) -> object:
        if not isinstance(ids, str):
            return ids
        parts = [part.strip() for part in ids.split(",") if part.strip()]
        for part in parts:
            if not (part.isascii() and part.isdigit() and 0 < int(part) < 1 << 52):
                raise ValueError(
                    f"{part} is no Telegram user id: those are numbers, such as 123456789, with "
                    "commas between them"
                )
        return tuple(dict.fromkeys(map(int, parts)))

    @field_validator("article_fields", mode="before")
    @classmethod
    def _fields_are_parsed(cls, fields: object) -> object:
        return FieldNames.parse(fields) if isinstance(fields, str) else fields

    @field_validator("feeds_allow_nets", mode="before")
    @classmethod
    def _networks_are_parsed(cls, networks: object) -> object:
        if isinstance(networks, str):
            return tuple(ip_network(part.strip()) for part in networks.split(",") if part.strip())
        return networks

    @field_validator("llm_model")
    @classmethod
    def _model_has_its_form(cls, model: str | None) -> str | None:
        if model is not None:
            parse_model(model)
        return model

    @field_validator("llm_base_url")
    @classmethod
    def _base_url_is_http(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// or http://")
        return url.rstrip("/") if url else url

    @field_validator("database_url")
    @classmethod
    def _database_is_known(cls, url: SecretStr) -> SecretStr:
        return SecretStr(checked_url(url.get_secret_value()))

    @field_validator("time_zone", mode="before")
    @classmethod
    def _zone_is_known(cls, name: object) -> object:
        if not isinstance(name, str):
            return name
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name} is no time zone, such as Europe/Paris") from None

    @field_validator("log_level", mode="before")
    @classmethod
    def _level_in_capitals(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level

    @property
    def model_choice(self) -> ModelChoice | None:
        """The language model that writes the answers; None: they are quoted."""
        if self.llm_model is None:
            return None
        provider, name = parse_model(self.llm_model)
        return ModelChoice(
            provider,
            name,
            self.llm_api_key.get_secret_value() if self.llm_api_key else None,
            self.llm_base_url,
            self.llm_context_tokens,
            seconds=self.llm_timeout,
        )

    @property
    def corpus_dir(self) -> Path:
        """The articles to index: the user's, or the sample while there are none; never both.

        A folder that was named but does not exist is no reason to use another.
        """
        if not self.articles_dir.exists():
            named = "articles_dir" in self.model_fields_set
            return self.articles_dir if named else SAMPLE_DIR
        return self.articles_dir if article_files([self.articles_dir]) else SAMPLE_DIR


def read_settings() -> Settings:
    """The settings as they stand now.

    :raises WrongSetting: naming each wrong value, but never a secret one.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise WrongSetting("\n".join(_explained(error))) from None  # its text holds the values
    except UnicodeDecodeError as error:
        raise WrongSetting(
            f".env is not UTF-8 text (byte {error.start}): save it as UTF-8"
        ) from None


def _explained(error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False):
        name = str(problem["loc"][0])
        secret = "token" in name and "context" not in name or "key" in name
        value = "" if secret else f" is {problem['input']!r}"
        reason = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{name.upper()}{value}: {reason} (see .env.example)")
    return lines
