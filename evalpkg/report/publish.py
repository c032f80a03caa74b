"""Replace a published report as a whole: lock, staging folder, swap by renaming, and the way back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from evalpkg.report.errors import RoundBusy, from_os_error


@contextmanager
def writing() -> Iterator[None]:
    """Turn every failed write inside into the error that tells a clerk what to do."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error) from None


@contextmanager
def locked(round_id: str, *folders: Path) -> Iterator[None]:
    """Hold a round in each of the output folders, or refuse at once.

    Raises
    ------
    RoundBusy
        Another process holds it.
    NotWritable, DiskFull
        The lock cannot be written.
    """
    with ExitStack() as stack:
        for folder in folders:
            stack.enter_context(_lock(round_id, folder))
        yield


@contextmanager
def queued(name: str, folder: Path) -> Iterator[None]:
    """Wait for our turn at a file that every process writes."""
    with _lock(name, folder, seconds=60):
        yield


@contextmanager
def _lock(name: str, folder: Path, seconds: float = 0) -> Iterator[None]:
    lock = FileLock(folder / f".lock-{name}", timeout=seconds)
    with writing():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout:
            raise RoundBusy(f"轮次 {name} 正由另一个进程运行；请等它结束后再试") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def staging(round_id: str, folder: Path) -> Iterator[Path]:
    """Make an empty folder beside the published one, on the same disk; it is gone afterwards in any case."""
    restore(round_id, folder)
    stage = folder / f".staging-{round_id}-{os.getpid()}"
    with writing():
        stage.mkdir()
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def restore(round_id: str, folder: Path) -> None:
    """Clear up after a process that was killed: put back the previous report, remove half-made ones."""
    previous, published = _previous(round_id, folder), folder / round_id
    with writing():
        if previous.exists() and not published.exists():
            previous.rename(published)
        for leftover in [previous, *folder.glob(f".staging-{round_id}-*")]:
            shutil.rmtree(leftover, ignore_errors=True)


def _previous(round_id: str, folder: Path) -> Path:
    return folder / f".previous-{round_id}"


def swap(round_id: str, stages: Mapping[Path, Path]) -> None:
    """Put each finished folder in the place of the published one: all of them, or none.

    Parameters
    ----------
    stages
        Staging folder -> the folder under which it is published by the name of the round.
    """
    moved: list[tuple[Path, Path]] = []
    try:
        for stage, folder in stages.items():
            for source, target in _moves(round_id, stage, folder):
                source.rename(target)
                moved.append((source, target))
    except OSError as error:
        for source, target in reversed(moved):
            target.rename(source)
        raise from_os_error(error) from None
    for folder in stages.values():
        shutil.rmtree(_previous(round_id, folder), ignore_errors=True)


def _moves(round_id: str, stage: Path, folder: Path) -> list[tuple[Path, Path]]:
    published = folder / round_id
    aside = [(published, _previous(round_id, folder))] if published.exists() else []
    return [*aside, (stage, published)]


def replace_file(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old or the new one, never half of it."""
    fresh = path.with_name(f".{path.name}-{os.getpid()}")
    with writing():
        fresh.write_text(text, encoding="utf-8", newline="\n")
        fresh.replace(path)
