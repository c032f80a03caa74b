"""The wheel is enough by itself: installed elsewhere, it makes and publishes a round in an empty folder."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUILD = ("pyproject.toml", "README.md", "LICENSE", "evalpkg", "notebooks", "data/reference", "params")


def run(*command: object, cwd: Path, **environment: str) -> str:
    """Run a command and return what it printed; its complaint is the test's message."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def copy_sources(target: Path) -> Path:
    """Copy what the build reads, with a stray file beside each part: a checkout is never quite clean."""
    for name in BUILD:
        source, copy = ROOT / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    shutil.copy(ROOT / ".gitignore", target)
    for name in (
        "notebooks/.ipynb_checkpoints/old.ipynb",
        "evalpkg/__pycache__/old.pyc",
        "data/raw/2022H2/a.csv",
    ):
        stray = target / name
        stray.parent.mkdir(parents=True, exist_ok=True)
        stray.write_text("stray")
    return target


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = copy_sources(folder / "source")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, cwd=source)
    (built,) = folder.glob("*.whl")
    return built


def tracked(folder: str, pattern: str) -> set[str]:
    """Return the files of a folder of the checkout that the wheel must hold."""
    return {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob(pattern) if path.is_file()}


@pytest.mark.slow
def test_the_wheel_holds_what_a_round_needs(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    bundled = {name.removeprefix("evalpkg/bundle/") for name in held if name.startswith("evalpkg/bundle/")}
    notebooks = {name for name in tracked("notebooks", "*.ipynb") if ".ipynb_checkpoints" not in name}
    assert bundled == notebooks | tracked("data/reference", "*") | tracked("params", "*.yaml")
    code = {name for name in held if not name.startswith("evalpkg/bundle/") and ".dist-info/" not in name}
    assert code == {name for name in tracked("evalpkg", "*") if "__pycache__" not in name}
    assert {"evalpkg/py.typed", "evalpkg/fonts/EvalpkgSansSC-Regular.otf", "evalpkg/fonts/OFL.txt"} <= code
    assert any(name.endswith(".j2") for name in code), "the template of the pages"


@pytest.mark.slow
def test_the_installed_wheel_runs_a_round_in_an_empty_folder_to_the_same_bytes(
    wheel: Path, tmp_path: Path
) -> None:
    site, workspace = tmp_path / "site", tmp_path / "workspace"
    workspace.mkdir()
    pip = [sys.executable, "-m", "pip"] if importlib.util.find_spec("pip") else ["uv", "pip"]
    run(*pip, "install", "--no-deps", "--target", site, wheel, cwd=tmp_path)
    elsewhere = {"PYTHONPATH": str(site), "EVALPKG_ROOT": ""}
    used = run(sys.executable, "-c", "import evalpkg; print(evalpkg.__file__)", cwd=workspace, **elsewhere)
    assert Path(used.strip()).parent == site / "evalpkg"
    run(sys.executable, "-m", "evalpkg.cli", "demo", cwd=workspace, **elsewhere)
    run(sys.executable, "-m", "evalpkg.cli", "run", "2020H2", cwd=workspace, **elsewhere)
    again = ["--out", "again", "--jobs", "1"]
    run(sys.executable, "-m", "evalpkg.cli", "run", "2020H2", *again, cwd=workspace, **elsewhere)
    first, second = (workspace / folder / "2020H2" for folder in ("reports", "again"))
    assert [
        path.name for path in first.glob("*.html") if path.read_bytes() != (second / path.name).read_bytes()
    ] == []
    page = (workspace / "reports" / "2020H2" / "index.html").read_text(encoding="utf-8")
    assert 'lang="zh-CN"' in page
    assert "2020 年下半年" in page
    assert (workspace / "reports" / "index.html").exists()
