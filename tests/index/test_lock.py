"""One writer at a time."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from index.lock import Locked, locked

HOLDER = """
import sys, time
from pathlib import Path
from index.lock import locked
with locked(Path(sys.argv[1]), "a long run"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_second_is_told_who_holds_it_and_what_for(tmp_path: Path) -> None:
    with locked(tmp_path / "new", "reindex.py"):
        with pytest.raises(Locked) as caught, locked(tmp_path / "new", "build"):
            pass
        for said in (f"{tmp_path / 'new'}", "reindex.py", str(os.getpid()), socket.gethostname()):
            assert said in str(caught.value)
    with locked(tmp_path / "new", "build"):
        pass


def test_what_failed_holds_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), locked(tmp_path, "reindex.py"):
        raise RuntimeError
    with locked(tmp_path, "build"):
        pass


def test_two_folders_have_two_locks(tmp_path: Path) -> None:
    with locked(tmp_path / "a", "one"), locked(tmp_path / "b", "other"):
        pass


@pytest.mark.parametrize("words", [b"", b"no such thing", b"[]", b"\xff"])
def test_a_holder_that_does_not_say_who_it_is_holds_it_all_the_same(
    tmp_path: Path, words: bytes
) -> None:
    with locked(tmp_path, "reindex.py"):
        (tmp_path / ".lock").write_bytes(words)
        with pytest.raises(Locked, match="another process"), locked(tmp_path, "build"):
            pass


def test_what_a_dead_process_held_is_free(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(Locked, match=f"a long run .*{holder.pid}"), locked(tmp_path, "b"):
                pass
        finally:
            holder.send_signal(signal.SIGKILL)
            holder.wait()
    with locked(tmp_path, "build"):
        pass
