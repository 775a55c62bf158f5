"""The bot as an admin runs it: `python -m bot`, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.settings import Settings
from tests.botapi import BotApiServer

_ENDS_WITHIN = 60  # seconds


def environment(**values: object) -> dict[str, str]:
    """The environment of this process, its settings replaced by these."""
    names = {name.upper() for name in Settings.model_fields}
    kept = {name: value for name, value in os.environ.items() if name.upper() not in names}
    return kept | {name.upper(): str(value) for name, value in values.items()}


def eventually(condition: Callable[[], bool], what: str, within: float = 180.0) -> None:
    """Wait until it holds. Raises AssertionError, naming it, after so many seconds."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(0.05)


@dataclass(frozen=True)
class Bot:
    """A running bot; its log goes to a file."""

    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    def end(self) -> int:
        """Ask it to end, as `kill` and systemd do; its exit status."""
        self.process.terminate()
        return self.process.wait(_ENDS_WITHIN)


@contextmanager
def running_bot(
    telegram: BotApiServer,
    index_dir: Path,
    models_dir: Path,
    folder: Path,
    clock: Path | None = None,
    **values: object,
) -> Iterator[Bot]:
    """A bot that talks to this server, until the context ends. `folder` is where it runs.

    :param clock: as `tests.chat.clocked` takes it.
    """
    settings = environment(
        telegram_bot_token=telegram.token,
        telegram_api_url=telegram.url,
        index_dir=index_dir,
        models_dir=models_dir,
        **values,
    )
    log_file = folder / "bot.log"
    command = ["-m", "bot"]
    if clock is not None:
        command = ["-m", "tests.chat.clocked", str(clock)]
        settings["PYTHONPATH"] = str(Path(__file__).parents[2])
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield Bot(process, log_file)
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(_ENDS_WITHIN)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
