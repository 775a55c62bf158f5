"""What a killed process leaves behind: folders it was writing aside."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

_SURELY_DEAD = 24 * 3600  # seconds; no process writes one folder for so long


def remove_leftovers(folder: Path, prefix: str) -> None:
    """Remove the folders in `folder` that begin with `prefix` and were made a day ago."""
    for path in folder.glob(f"{prefix}*"):
        try:
            old = time.time() - path.stat().st_mtime > _SURELY_DEAD
        except FileNotFoundError:
            continue
        if old:
            shutil.rmtree(path, ignore_errors=True)
