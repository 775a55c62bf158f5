"""Every script has help and is documented."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DAILY = {"ask.py", "reindex.py", "show.py"}
SCRIPTS = sorted(
    path.name
    for path in (ROOT / "scripts").glob("*.py")
    if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_has_help_that_shows_how_to_run_it(name: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / name), "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"python scripts/{name}" in ended.stdout
    assert ("Exit status" in ended.stdout) or name not in DAILY


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_in_the_readme(name: str) -> None:
    assert f"scripts/{name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_scripts_for_daily_use_are_there() -> None:
    assert set(SCRIPTS) >= DAILY
