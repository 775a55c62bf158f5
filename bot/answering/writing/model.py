"""Which language model writes the answers, and whether it can."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from bot.answering.writing.failures import Failure, failure_of

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

# By the provider's name in LLM_MODEL: the package that speaks to it, and the extra of this
# project that installs it.
PROVIDERS = {
    "openai": ("langchain_openai", "openai"),
    "anthropic": ("langchain_anthropic", "anthropic"),
    "mistralai": ("langchain_mistralai", "mistralai"),
    "google_genai": ("langchain_google_genai", "google"),
    "ollama": ("langchain_ollama", "ollama"),
}
_KEYLESS = ("ollama",)
# Of a server of one's own, which asks for no key; the client insists on sending one.
_NO_KEY = "none"
RETRIES = 2  # by the provider's own client, which obeys Retry-After: 429, 5xx, no connection
_THOUGHTS = 4000  # tokens; the length of the answer itself is bounded where it is read
_PROBE_SECONDS = 20.0
_PROBE_TOKENS = 16  # fewer are refused by some

_DEFINITE = {
    Failure.KEY: "the provider refused LLM_API_KEY ({said}): check the key",
    Failure.UNKNOWN_MODEL: "the provider has no such model ({said}): check LLM_MODEL",
}


class LanguageModelUnusable(Exception):
    """LLM_MODEL cannot be used as it is set; one line says what to do."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A language model as the settings name it."""

    provider: str  # of PROVIDERS
    name: str
    key: str | None = field(default=None, repr=False)
    base_url: str | None = None  # of a server that speaks the provider's protocol
    context_tokens: int = 8192  # of prompt and answer together, as the model counts
    answer_tokens: int = 700
    seconds: float = 60.0  # for one answer

    def __str__(self) -> str:
        at = f" at {self.base_url}" if self.base_url else ""
        return f"{self.provider}:{self.name}{at}"


def parse_model(text: str) -> tuple[str, str]:
    """Provider and name of `provider:model`; the name may hold colons.

    :raises ValueError: saying what is wrong.
    """
    provider, colon, name = text.partition(":")
    if not colon or not name.strip():
        raise ValueError("not of the form provider:model, such as openai:gpt-5-mini")
    if provider not in PROVIDERS:
        raise ValueError(f"{provider} is no provider: {', '.join(PROVIDERS)} are")
    return provider, name.strip()


def open_language_model(choice: ModelChoice, retries: int = RETRIES) -> BaseChatModel:
    """The model's client. Nothing is sent yet.

    :param retries: of a request that failed for a moment.
    :raises LanguageModelUnusable: where its package is missing, or a key.
    """
    package, extra = PROVIDERS[choice.provider]
    if find_spec(package) is None or find_spec("langchain") is None:
        raise LanguageModelUnusable(
            f"LLM_MODEL {choice}: its package is not installed: run "
            f".venv/bin/pip install -c constraints.txt -e '.[{extra}]'"
        )
    if choice.key is None and choice.base_url is None and choice.provider not in _KEYLESS:
        raise LanguageModelUnusable(f"LLM_MODEL {choice}: LLM_API_KEY is not set")
    from langchain.chat_models import init_chat_model

    try:
        model: BaseChatModel = init_chat_model(
            choice.name, model_provider=choice.provider, **_arguments(choice, retries)
        )
    except Exception as error:  # each package has errors of its own for what it does not take
        said = _in_one_line(error, choice)
        raise LanguageModelUnusable(f"LLM_MODEL {choice} cannot be used: {said}") from None
    return model


def _arguments(choice: ModelChoice, retries: int) -> dict[str, Any]:
    """What the provider's class is called with; key and address are handed over, never left
    to variables of the environment."""
    if choice.provider == "ollama":
        return {
            "base_url": choice.base_url,
            "num_ctx": choice.context_tokens,
            "num_predict": choice.answer_tokens,
            "temperature": 0.0,
            "client_kwargs": {"timeout": choice.seconds},
        }
    arguments: dict[str, Any] = {
        "api_key": choice.key or _NO_KEY,
        "timeout": int(choice.seconds) if choice.provider == "mistralai" else choice.seconds,
        "max_retries": retries,
    }
    if choice.base_url:
        arguments["base_url"] = choice.base_url
    if choice.provider == "openai":
        # It would wait for each piece by asyncio.wait_for, which until Python 3.12 may swallow a
        # cancellation: an answer that was stopped would be paid for on.
        arguments["stream_chunk_timeout"] = None
    if choice.provider == "openai" and choice.base_url:
        # Not every server knows the newer name of this limit, which the client sends otherwise.
        arguments["extra_body"] = {"max_tokens": choice.answer_tokens}
        arguments["temperature"] = 0.0
    else:
        # Providers' newest models refuse a temperature; their default serves. What they think
        # before they write counts as written.
        arguments["max_tokens"] = choice.answer_tokens + _THOUGHTS
    return arguments


def probe(choice: ModelChoice) -> str | None:
    """Ask for a word. None where it came; else why not, where that may pass by itself. Blocking.

    :raises LanguageModelUnusable: where it will not: a missing package, a bad key, an unknown
        model.
    """
    seconds = min(choice.seconds, _PROBE_SECONDS)
    model = open_language_model(
        replace(choice, seconds=seconds, answer_tokens=_PROBE_TOKENS), retries=0
    )
    try:
        model.invoke("Reply with the word: ready")
    except Exception as error:  # each package has errors of its own
        failure = failure_of(error)
        said = _in_one_line(error, choice)
        if failure in _DEFINITE:
            raise LanguageModelUnusable(
                f"LLM_MODEL {choice}: {_DEFINITE[failure].format(said=said)}"
            ) from None
        return f"{failure}: {said}"
    return None


def _in_one_line(error: Exception, choice: ModelChoice) -> str:
    said = " ".join(str(error).split()) or type(error).__name__
    if choice.key:
        said = said.replace(choice.key, "***")
    return said if len(said) <= _LONGEST_SAID else f"{said[:_LONGEST_SAID]}…"


_LONGEST_SAID = 300  # characters of what a provider said
