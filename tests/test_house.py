"""The rules of the house for the package: floors, imports without effect, size, nothing unsafe."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "evalpkg"
FILES = sorted(PACKAGE.rglob("*.py"))

FLOORS = (
    (1, "params text privacy estimate"),
    (2, "ranks ordinal codebook"),
    (3, "ingest weights groups"),
    (4, "survey"),
    (5, "fieldwork outlook scores drivers complaints integrity planner"),
    (6, "appeals trends measures"),
    (7, "disclosure fragment"),
    (8, "tables figures words"),
    (9, "report synthetic"),
    (10, "cli"),
)
FLOOR = {module: floor for floor, modules in FLOORS for module in modules.split()}

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))


def module_of(path: Path) -> str:
    """Return the module of the table that a file belongs to: `ingest` for `ingest/read.py`."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def present() -> list[str]:
    """Return the modules that exist."""
    return sorted({module_of(path) for path in FILES} - {"__init__"})


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


# --- imports run downwards -----------------------------------------------------------------------------


def absolute_name(node: ast.ImportFrom, package: list[str]) -> list[str]:
    """Return the module that a `from ... import` names, in parts; `package` holds the importing file."""
    above = package[: len(package) - node.level + 1] if node.level else []
    return [*above, *(node.module.split(".") if node.module else [])]


def in_import(node: ast.Import) -> Iterator[str]:
    """Yield the modules of evalpkg that `import evalpkg.x` names."""
    parts = (alias.name.split(".") for alias in node.names)
    yield from (name for package, *rest in parts if package == "evalpkg" for name in rest[:1])


def in_import_from(node: ast.ImportFrom, package: list[str]) -> Iterator[str]:
    """Yield the modules of evalpkg that `from evalpkg.x import y` or `from . import x` names."""
    parts = absolute_name(node, package)
    if parts[:1] == ["evalpkg"]:
        yield from parts[1:2] or [alias.name for alias in node.names]


def in_attribute(node: ast.Attribute, aliases: set[str]) -> Iterator[str]:
    """Yield the module that `ev.x` names."""
    if isinstance(node.value, ast.Name) and node.value.id in aliases:
        yield node.attr


def imported(tree: ast.AST, package: list[str]) -> Iterator[str]:
    """Yield the modules of evalpkg that a file names: at its top, inside functions, as an attribute."""
    nodes = list(ast.walk(tree))
    names = [alias for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    aliases = {alias.asname or "evalpkg" for alias in names if alias.name.split(".")[0] == "evalpkg"}
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from in_import(node)
        elif isinstance(node, ast.ImportFrom):
            yield from in_import_from(node, package)
        elif isinstance(node, ast.Attribute):
            yield from in_attribute(node, aliases)


def climbing(path: Path) -> list[str]:
    """Return the imports of a file that go up or sideways."""
    own = module_of(path)
    package = ["evalpkg", *path.relative_to(PACKAGE).parts[:-1]]
    return sorted(
        {
            f"{own} (floor {FLOOR[own]}) imports {name} (floor {FLOOR[name]})"
            for name in imported(tree_of(path), package)
            if name in FLOOR and name != own and FLOOR[name] >= FLOOR[own]
        }
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import evalpkg.cli", ["cli"]),
        ("import evalpkg as ev\ndef f():\n    return ev.scores.x", ["scores"]),
        ("from evalpkg import params, text as t", ["params", "text"]),
        ("from evalpkg.report.run import run", ["report"]),
        ("from . import cells", ["ingest"]),
        ("from .. import params", ["params"]),
        ("from ..codebook import Item", ["codebook"]),
        ("import numpy", []),
    ],
)
def test_an_import_is_seen_in_every_form(source: str, expected: list[str]) -> None:
    assert list(imported(ast.parse(source), ["evalpkg", "ingest"])) == expected


def test_every_module_has_a_floor() -> None:
    assert [module for module in present() if module not in FLOOR] == []


@each_file
def test_imports_run_downwards(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        assert list(imported(tree_of(path), ["evalpkg"])) == [], "the package loads a module when it is named"
    else:
        assert climbing(path) == []


def test_contributing_shows_the_same_floors() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+?) \|", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.M)
    shown = {name: int(floor) for floor, cell in rows for name in re.findall(r"`(\w+)`", cell)}
    assert shown == FLOOR


# --- importing has no effect ---------------------------------------------------------------------------

STATE = """
import importlib, json, logging, os, random, signal, sys, threading, warnings
import matplotlib, numpy, pandas
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)

def loggers():
    named = [logging.getLogger(n) for n in list(logging.root.manager.loggerDict)]
    return sorted((g.name, g.level, [repr(h) for h in g.handlers]) for g in [logging.root, *named]
                  if g.handlers or g.level or g.name.startswith("evalpkg"))

def state():
    return {
        "working folder": os.getcwd(),
        "module path": list(sys.path),
        "environment": dict(os.environ),
        "warning filters": [repr(f) for f in warnings.filters],
        "logging": loggers(),
        "threads": threading.active_count(),
        "matplotlib": {k: repr(v) for k, v in matplotlib.rcParams.items()},
        "fonts": len(matplotlib.font_manager.fontManager.ttflist),
        "pandas": pandas.describe_option(_print_desc=False),
        "numpy": [numpy.get_printoptions(), numpy.geterr()],
        "random": [hash(random.getstate()), numpy.random.get_state()[1].tolist()],
        "signals": [repr(signal.getsignal(s)) for s in sorted(signal.valid_signals())],
        "hook": repr(sys.excepthook),
    }

import matplotlib.font_manager
before = state()
for name in json.loads(sys.argv[2]):
    importlib.import_module(name)
after = state()
print([(key, before[key], after[key]) for key in before if before[key] != after[key]])
"""


def python(code: str, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run code in a new interpreter."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def libraries() -> list[str]:
    """Return what evalpkg imports from others at the top of its files: their own effects are not ours."""
    names = set()
    for node in (node for path in FILES for node in tree_of(path).body):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return sorted(name for name in names if name.split(".")[0] != "evalpkg")


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_importing_has_no_effect() -> None:
    done = python(STATE, json.dumps(libraries()), json.dumps([dotted(path) for path in FILES]))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "[]\n"


def test_importing_evalpkg_loads_nothing() -> None:
    code = "import sys; old = set(sys.modules); import evalpkg; print(*set(sys.modules) - old)"
    assert set(python(code).stdout.split()) - {"types"} == {"evalpkg"}


def test_the_package_names_every_module_and_no_other() -> None:
    code = "import evalpkg; print([n for n in dir(evalpkg) if not n.startswith('_')])"
    assert python(code).stdout == f"{present()}\n"


def test_a_module_loads_when_it_is_named() -> None:
    assert python("import evalpkg as ev; print(ev.params.__name__)").stdout == "evalpkg.params\n"
    assert "has no attribute 'param'" in python("import evalpkg as ev; ev.param").stderr


# --- source: size and safety ---------------------------------------------------------------------------


def functions(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield each function's name and the number of lines of its body, docstring aside."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1


@each_file
def test_modules_and_functions_are_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 400, f"{lines} lines: make it a folder"
    assert [(name, length) for name, length in functions(tree_of(path)) if length > 60] == []


UNSAFE_IMPORTS = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "marshal",
    "yaml",
}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "read_pickle", "to_pickle", "system", "popen"}


def call_name(node: ast.Call) -> str:
    """Return the last part of what is called: `read_pickle` for `pandas.read_pickle(...)`."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def unsafe_call(node: ast.Call) -> bool:
    """Tell whether a call may run text as code, unpickle, start a shell or build objects from YAML."""
    name, owner = call_name(node), getattr(getattr(node.func, "value", None), "id", "")
    if name == "compile" and owner == "re":
        return False
    if name == "YAML":
        kinds = [*node.args, *(word.value for word in node.keywords if word.arg == "typ")]
        return not any(isinstance(kind, ast.Constant) and kind.value == "safe" for kind in kinds)
    risky = {
        word.arg
        for word in node.keywords
        if isinstance(word.value, ast.Constant) and word.value.value is True
    }
    return name in UNSAFE_CALLS or bool(risky & {"shell", "allow_pickle"})


def unsafe(tree: ast.AST) -> list[str]:
    """Return the unsafe statements of a syntax tree."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {(node.module or "").split(".")[0]}
        elif isinstance(node, ast.Call) and unsafe_call(node):
            names, found = set(), [*found, ast.unparse(node)]
        else:
            names = set()
        found += sorted(names & UNSAFE_IMPORTS)
    return found


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import dump",
        "import yaml",
        "eval('1')",
        "exec(text)",
        "pandas.read_pickle(path)",
        "YAML()",
        "YAML(typ='unsafe')",
        "numpy.load(path, allow_pickle=True)",
        "subprocess.run(line, shell=True)",
    ],
)
def test_an_unsafe_statement_is_seen(source: str) -> None:
    assert len(unsafe(ast.parse(source))) == 1


def test_a_safe_statement_passes() -> None:
    assert (
        unsafe(ast.parse("re.compile('x'); YAML(typ='safe').load(f); subprocess.run([a], check=True)")) == []
    )


@each_file
def test_nothing_unsafe(path: Path) -> None:
    assert unsafe(tree_of(path)) == []
