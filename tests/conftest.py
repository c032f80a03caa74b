"""What tests share: one BLAS thread, the demo rounds, reference data beside the project, Chromium."""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # read once, when numpy is first imported

import shutil
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest
from hypothesis import settings

settings.register_profile(
    "evalpkg", deadline=None, derandomize=True
)  # the same examples each run, never timed
settings.load_profile("evalpkg")

# Files that take longest begin, so that no worker waits for them at the end.
LONGEST = ("test_round", "test_wheel", "test_coverage_means", "test_driver_validation", "test_validation")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files begin."""
    items.sort(key=lambda item: not item.nodeid.startswith(tuple(f"tests/{name}.py" for name in LONGEST)))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of reference data beside the project; skip where it is absent."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("reference data beside the project is absent")
    return folder


@pytest.fixture(scope="session")
def demo_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace that holds the demo rounds, written once for all; tests must not change it."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # a worker's own folder lies in the one that all workers share
    root = base / "demo"
    with filelock.FileLock(base / "demo.lock"):
        if not (root / ".complete").exists():
            from evalpkg import synthetic

            shutil.rmtree(root, ignore_errors=True)  # what a worker that failed half-way left behind
            root.mkdir()
            synthetic.write(root)
            (root / ".complete").touch()
    return root


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Yield Chromium; skip where there is none, unless EVALPKG_REQUIRE_BROWSER is set."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        message = "Chromium is not installed (Debian: apt install chromium)"
        if os.environ.get("EVALPKG_REQUIRE_BROWSER"):
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()
