"""Run a round from raw files to published pages, in one process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import evalpkg
from evalpkg import params
from evalpkg.ingest import Problem
from evalpkg.report import execute, export, fingerprint, index, inspection, notebooks, publish
from evalpkg.report.admission import Admission, admit
from evalpkg.report.fingerprint import Fingerprint
from evalpkg.report.notebooks import Notebook

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Bundle:
    """A published round.

    Attributes
    ----------
    round_id
        The round.
    folder
        Where its pages are: ``index.html`` is the leaders' page.
    pages
        File names of the pages in the order of the navigation.
    n
        Valid questionnaires.
    fingerprint
        The eight digits in the footer of each page.
    counts, problems
        What became of the forms that were read; what was put up with in the files.
    """

    round_id: str
    folder: Path
    pages: tuple[str, ...]
    n: int
    fingerprint: str
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def index(self) -> Path:
        """The leaders' page."""
        return self.folder / "index.html"


@dataclass(frozen=True)
class Step:
    """News for a progress display: `done` of `total` notebooks of a round have run; `name` is the last one."""

    round_id: str
    name: str
    done: int
    total: int


Listener = Callable[[Step], None]


def run(
    round_ids: str | Iterable[str],
    *,
    root: str | Path | None = None,
    out: str | Path | None = None,
    jobs: int | None = None,
    listen: Listener = lambda step: None,
) -> list[Bundle]:
    """Run the notebooks of each round and publish their pages.

    Parameters
    ----------
    round_ids
        Rounds such as ``["2022H2"]``, run one after the other.
    root
        Project root; see `params.find_root`.
    out
        Folder of the reports; ``<root>/reports`` by default.
    jobs
        Notebooks at a time; two by default, one on a single processor.
    listen
        Called after each notebook.

    Raises
    ------
    ParamsError, InputRefused, WeightsError, DisclosureRefused
        The round is refused before any notebook runs.
    AnalysisFailed, NotWritable, DiskFull, RoundBusy
        See `evalpkg.report.errors`. Whatever is raised, an earlier report is untouched.
    """
    folder = params.find_root(root)
    target = Path(out).expanduser().resolve() if out else folder / "reports"
    names = [round_ids] if isinstance(round_ids, str) else list(dict.fromkeys(round_ids))
    jobs = jobs or min(2, os.cpu_count() or 1)
    admitted = [
        admit(name, folder) for name in names
    ]  # a fault in the last round is told before the first runs
    return [_run_round(admission, folder, target, jobs, listen) for admission in admitted]


def _run_round(admission: Admission, root: Path, out: Path, jobs: int, listen: Listener) -> Bundle:
    """Make one round: notebooks, pages, inspection, swap, list of rounds."""
    round_id, results = admission.round.id, root / "data" / "results"
    found = notebooks.find(root)
    parameters = {"round_id": round_id}
    notebooks.require_declared(found, parameters)
    mark = fingerprint.of(admission.round)
    with (
        publish.locked(round_id, out, results),
        publish.staging(round_id, out) as stage,
        publish.staging(round_id, results) as tables,
    ):
        executed = _execute(found, parameters, round_id, root, jobs, listen)
        pages = _pages(executed, admission, mark)
        inspection.require_clean(pages)
        write_pages(stage, pages, _record(admission, found, pages, mark))
        write_tables(tables, admission.results())
        publish.swap(round_id, {stage: out, tables: results})
    index.write(out, results)
    return Bundle(
        round_id, out / round_id, tuple(pages), admission.n, str(mark), admission.counts, admission.problems
    )


def _execute(
    found: Sequence[Notebook],
    parameters: Mapping[str, object],
    round_id: str,
    root: Path,
    jobs: int,
    listen: Listener,
) -> list[execute.Executed]:
    finished: list[str] = []

    def done(notebook: Notebook) -> None:
        finished.append(notebook.stem)
        listen(Step(round_id, notebook.stem, len(finished), len(found)))

    listen(Step(round_id, "", 0, len(found)))
    return execute.run_all(found, parameters, root, jobs=jobs, done=done)


def _pages(executed: Sequence[execute.Executed], admission: Admission, mark: Fingerprint) -> dict[str, str]:
    """Render every page; file name -> HTML."""
    page, frame, every = export.exporter(), _frame(admission, mark), [item.notebook for item in executed]
    return {
        item.notebook.page: export.render(page, item.node, item.notebook, every, frame) for item in executed
    }


def _frame(admission: Admission, mark: Fingerprint) -> export.Frame:
    round_ = admission.round
    return export.Frame(
        survey=round_.survey,
        label=round_.label,
        number=round_.number,
        theme=round_.theme,
        notice=round_.notice,
        population=round_.population if round_.raking else "",
        scale=round_.scale,
        n=admission.n,
        fingerprint=str(mark),
    )


def _record(
    admission: Admission, found: Sequence[Notebook], pages: Mapping[str, str], mark: Fingerprint
) -> dict[str, Any]:
    """Describe the round beside its pages: enough to list and to verify it; no date, no path."""
    round_ = admission.round
    return {
        "round": round_.id,
        "survey": round_.survey,
        "label": round_.label,
        "number": round_.number,
        "theme": round_.theme,
        "notice": round_.notice,
        "n": admission.n,
        "fingerprint": str(mark),
        "digest": mark.digest,
        "version": evalpkg.__version__,
        "inputs": dict(mark.files),
        "notebooks": {item.path.name: fingerprint.sha256(item.path.read_bytes()) for item in found},
        "pages": [
            {"page": item.page, "title": item.title, "sha256": fingerprint.sha256(pages[item.page].encode())}
            for item in found
        ],
    }


def write_pages(stage: Path, pages: Mapping[str, str], record: Mapping[str, Any]) -> None:
    """Write pages and record into the staging folder."""
    with publish.writing():
        for name, html in pages.items():
            (stage / name).write_text(html, encoding="utf-8", newline="\n")
        text = json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True)
        (stage / "bundle.json").write_text(text + "\n", encoding="utf-8", newline="\n")


def write_tables(stage: Path, results: Mapping[str, DataFrame]) -> None:
    """Write the protected tables as CSV that a spreadsheet opens as UTF-8."""
    with publish.writing():
        for name, table in results.items():
            table.to_csv(stage / f"{name}.csv", index=False, encoding="utf-8-sig", lineterminator="\n")
