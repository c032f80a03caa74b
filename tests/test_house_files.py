"""The rules of the house for what lies beside the package: notebooks, lock, environment, papers, font."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


# --- notebooks -----------------------------------------------------------------------------------------

LOGIC = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.For,
    ast.While,
    ast.If,
    ast.IfExp,
    ast.Try,
    ast.Lambda,
)


def cells(path: Path) -> list[dict[str, object]]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def source_of(cell: dict[str, object]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)  # the format allows both


def code_of(path: Path) -> list[str]:
    return [source_of(cell) for cell in cells(path) if cell["cell_type"] == "code"]


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@each_notebook
def test_a_notebook_is_thin(path: Path) -> None:
    code = code_of(path)
    nodes = [node for text in code for node in ast.walk(ast.parse(text))]
    assert len(code) <= 9
    assert [text for text in code if len(text.splitlines()) > 5] == []
    assert [ast.unparse(node) for node in nodes if isinstance(node, LOGIC)] == []
    assert [ast.unparse(n) for n in nodes if isinstance(n, ast.Import | ast.ImportFrom)] == [
        "import evalpkg as ev"
    ]


@each_notebook
def test_a_notebook_starts_with_its_parameters(path: Path) -> None:
    first = cells(path)[0]
    assert (first["cell_type"], first["metadata"].get("tags")) == ("code", ["parameters"])
    assert all(isinstance(node, ast.Assign) for node in ast.parse(source_of(first)).body)
    assert re.search(r'^round_id = "\d{4}H[12]"', source_of(first), re.M)
    assert sum("parameters" in cell["metadata"].get("tags", []) for cell in cells(path)) == 1


@each_notebook
def test_a_notebook_is_stripped(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert {(cell["execution_count"], len(cell["outputs"])) for cell in code} == {(None, 0)}
    holders = [notebook["metadata"], *(cell["metadata"] for cell in notebook["cells"])]
    assert not any("papermill" in holder or "execution" in holder for holder in holders)


# --- pyproject, lock, environment ----------------------------------------------------------------------


def project() -> dict[str, dict[str, object]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def lock_text() -> str:
    return (ROOT / "requirements.lock").read_text(encoding="utf-8")


def locked() -> list[tuple[Requirement, int]]:
    """Return each requirement of the lock and the number of its hashes."""
    entries = re.split(r"\n(?=\S)", lock_text().strip())
    return [(Requirement(re.split(r"\s*\\\n", entry)[0]), entry.count("--hash=sha256:")) for entry in entries]


def declared() -> list[Requirement]:
    settings = project()["project"]
    texts = [*settings["dependencies"], *settings["optional-dependencies"]["dev"]]
    return [Requirement(text) for text in [*texts, *project()["build-system"]["requires"]]]


def test_the_lock_pins_one_version_with_hashes_and_no_address() -> None:
    assert not re.search(r"://|--index|--find-links|--extra|-e ", lock_text())
    assert [
        str(r) for r, hashes in locked() if not hashes or not re.fullmatch(r"==[^,*]+", str(r.specifier))
    ] == []
    names = Counter(canonicalize_name(requirement.name) for requirement, _ in locked())
    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize("requirement", declared(), ids=lambda requirement: requirement.name)
def test_the_lock_satisfies_pyproject(requirement: Requirement) -> None:
    pins = {canonicalize_name(pin.name): pin for pin, _ in locked()}
    pin = pins[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(str(pin.specifier).removeprefix("=="))
    assert pin.marker is None, "a declared dependency is needed on every system"


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_the_lock_serves_every_python_and_system(version: str, system: str) -> None:
    names = {"linux": ("posix", "Linux"), "darwin": ("posix", "Darwin"), "win32": ("nt", "Windows")}
    here = {
        "python_version": version,
        "python_full_version": f"{version}.1",
        "sys_platform": system,
        "os_name": names[system][0],
        "platform_system": names[system][1],
    }
    chosen = {pin.name for pin, _ in locked() if pin.marker is None or pin.marker.evaluate(here)}
    terminal = "pywinpty" if system == "win32" else "ptyprocess"
    assert {"jupyterlab", terminal} <= chosen


def test_python_versions_agree() -> None:
    settings = project()
    assert settings["project"]["requires-python"] == ">=3.11"
    assert settings["tool"]["ruff"]["target-version"] == "py311"
    assert settings["tool"]["mypy"]["python_version"] == "3.11"
    workflow = YAML(typ="safe").load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    tested = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    listed = [
        line.split()[-1] for line in settings["project"]["classifiers"] if re.search(r":: 3\.\d+$", line)
    ]
    assert tested == listed == ["3.11", "3.12", "3.13"]


def test_environment_states_no_version_but_pythons() -> None:
    environment = YAML(typ="safe").load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python_, pip, requirements = environment["dependencies"]
    assert Requirement(python_).name == "python"
    assert (pip, requirements) == ("pip", {"pip": ["-r requirements.lock"]})
    assert "3.11.0" in Requirement(python_).specifier
    assert "3.13.9" in Requirement(python_).specifier


# --- papers --------------------------------------------------------------------------------------------


def test_changelog_has_two_headings() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^##+ +(.+)$", text, re.M) == ["Code", "Published numbers change"]


def readme(name: str) -> str:
    """Return a README without its code blocks, in which a comment looks like a heading."""
    return re.sub(r"^```.*?^```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.M | re.S)


def test_both_readmes_tell_the_same() -> None:
    english, chinese = readme("README.md"), readme("README.zh-CN.md")
    levels = re.findall(r"^(#+) ", english, re.M)
    assert levels
    assert levels == re.findall(r"^(#+) ", chinese, re.M)


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_a_readme_names_the_commands_that_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = set(re.findall(r"\bmake ([a-z]+)\b", text))
    assert {"report", "test"} <= named
    assert named & {"setup", "report", "lab", "test", "lint", "bench", "validate"} <= targets
    assert all(package in text for package in ("python3-venv", "chromium"))


def test_ci_calls_the_test_command_of_the_readme() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("make ")] == ["make test </dev/null"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_the_font_is_free_renamed_and_holds_what_pages_print() -> None:
    from fontTools.ttLib import TTFont

    font = TTFont(ROOT / "evalpkg" / "fonts" / "EvalpkgSansSC-Regular.otf")
    assert {record.toUnicode() for record in font["name"].names if record.nameID == 1} == {"Evalpkg Sans SC"}
    wanted = "".join(
        bytes([row, cell]).decode("gb2312") for row in range(0xB0, 0xD7) for cell in range(0xA1, 0xFF)
    )
    signs = (
        "瀍" + "".join(map(chr, range(0x20, 0x7F))) + "▲▼○●—−≥≤×·＜＞％→←┋〖〗“”‘’，。；：、（）《》？！…①②"
    )
    assert [sign for sign in wanted + signs if ord(sign) not in font.getBestCmap()] == []
    assert "SIL OPEN FONT LICENSE" in (ROOT / "evalpkg" / "fonts" / "OFL.txt").read_text(encoding="utf-8")
