"""Which package knows which, and that importing one does nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# The only modules that may know Telegram's library.
TELEGRAM = {
    "bot.app",
    "bot.chat.admin",
    "bot.chat.alert_delivery",
    "bot.chat.delivery",
    "bot.chat.order",
    "bot.chat.pacing",
    "bot.chat.subscription_handlers",
    "bot.chat.live",
    "bot.chat.telegram",
}


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> Iterator[str]:
    """Every module that a file names in an import, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    ("folder", "unknown"),
    [
        ("index", {"bot", "scripts", "telegram", "langchain_core", "tests"}),
        ("bot/answering", {"telegram", "scripts", "tests"}),
        ("bot", {"scripts", "tests"}),
    ],
)
def test_imports_point_one_way(folder: str, unknown: set[str]) -> None:
    for path in modules(folder):
        known = {module.partition(".")[0] for module in imported(path)}
        assert not known & unknown, path


def test_answers_do_not_know_the_chat() -> None:
    for path in modules("bot/answering"):
        assert not [name for name in imported(path) if name.startswith("bot.chat")], path


def test_only_the_chat_knows_telegram() -> None:
    knowing = {
        name_of(path)
        for path in modules("bot")
        if any(name.partition(".")[0] == "telegram" for name in imported(path))
    }
    assert knowing <= TELEGRAM


def _run(code: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PATH": "", "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_importing_loads_no_model_reads_no_setting_and_says_nothing(tmp_path: Path) -> None:
    names = [name_of(path) for path in (*modules("index"), *modules("bot"))]
    # Migrations are no modules: Alembic runs them.
    light = [name for name in names if name not in TELEGRAM and ".migrations." not in name]
    code = f"""
import importlib, sys
sys.path.insert(0, {str(ROOT)!r})
for name in {light!r}:
    importlib.import_module(name)
heavy = {{"torch", "transformers", "sentence_transformers", "openvino", "telegram"}}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
for name in {sorted(TELEGRAM)!r}:
    importlib.import_module(name)
assert not heavy - {{"telegram"}} & set(sys.modules), heavy & set(sys.modules)
"""
    (tmp_path / ".env").write_text("UI_LANGUAGE=xx\nTELEGRAM_BOT_TOKEN=x\n", encoding="utf-8")
    ended = _run(code, tmp_path, LOG_LEVEL="xx", INDEX_DIR="/nowhere")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


@pytest.mark.parametrize("folder", ["index", "bot", "scripts"])
def test_only_the_settings_read_the_environment(folder: str) -> None:
    for path in modules(folder):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("environ", "environb", "getenv"), path
            if isinstance(node, ast.ImportFrom) and node.module == "os":
                assert not {alias.name for alias in node.names} & {"environ", "getenv"}, path


def test_packages_say_what_they_are() -> None:
    for path in (*modules("index"), *modules("bot"), *modules("scripts")):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path


def test_what_a_package_reads_beside_its_code_is_installed_with_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    installed = project["tool"]["setuptools"]["package-data"]
    for package in ("bot", "index"):
        folder = ROOT / package
        data = {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".py"}
        listed = {path for pattern in installed[package] for path in folder.glob(pattern)}
        assert {path for path in data if path.suffix not in (".pyc", ".swp")} == listed


def test_folders_of_code_without_an_init_are_installed_too() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = project["tool"]["setuptools"]["packages"]["find"]
    bare = {
        name_of(path.parent)
        for package in ("bot", "index", "scripts")
        for path in modules(package)
        if not (path.parent / "__init__.py").exists()
    }
    assert "bot.state.migrations.versions" in bare
    assert found["namespaces"]
    assert all(any(fnmatch(name, wanted) for wanted in found["include"]) for name in bare)
