"""Run notebooks by papermill, each in a cold kernel of its own, and accept only those run to their last cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from evalpkg.report.errors import OWN_ERRORS, AnalysisFailed
from evalpkg.report.kernels import Pool, pool
from evalpkg.report.notebooks import Notebook

START_TIMEOUT = 120  # seconds; two cold kernels on a slow disk
# The package's own refusals are written for a clerk and quote nobody: they are passed on with their exit code.
SEE = "没有发布任何内容；请在 Jupyter 里打开这本笔记本，从头运行到这一格查看原因"
DEAD = "没有发布任何内容；常见原因是内存不足，请关掉别的程序后用 --jobs 1 重跑"


@dataclass(frozen=True)
class Executed:
    """A notebook that ran to its last cell, with its outputs in `node`."""

    notebook: Notebook
    node: Any


def run_all(
    notebooks: Sequence[Notebook],
    parameters: Mapping[str, object],
    root: Path,
    *,
    jobs: int,
    done: Callable[[Notebook], None] = lambda notebook: None,
) -> list[Executed]:
    """Run notebooks, `jobs` at a time; the first failure stops the others.

    Parameters
    ----------
    notebooks, parameters
        The same parameters go to each notebook.
    root
        Project root, which is also the working folder of the kernels.
    jobs
        Notebooks at a time.
    done
        Called in this thread as each notebook ends.

    Raises
    ------
    AnalysisFailed
        A cell raised, a kernel died, or a notebook was not run to its last cell.
    """
    with ThreadPoolExecutor(jobs) as threads, pool(root) as kernels:
        tasks = {threads.submit(run_one, item, parameters, kernels): item for item in notebooks}
        try:
            for task in as_completed(tasks):
                task.result()
                done(tasks[task])
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    return [task.result() for task in tasks]


def run_one(notebook: Notebook, parameters: Mapping[str, object], kernels: Pool) -> Executed:
    """Run one notebook in a kernel of `kernels` and check that every cell ran.

    Raises
    ------
    AnalysisFailed
        Names the notebook, the cell and the kind of error; never what the error says, which may quote an answer.
    """
    started: list[Any] = []
    try:
        node = papermill.execute_notebook(
            nbformat.read(notebook.path, as_version=4),  # a path would be taken for a format string
            None,
            dict(parameters),
            kernel_name="python3",
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            start_timeout=START_TIMEOUT,
            kernel_manager_class=kernels.manager(),
            shutdown_kernel="immediate",
            on_cell_start=lambda cell, cell_index: started.append(cell),
        )
    except PapermillExecutionError as error:
        raise _cell_failed(notebook, len(own_cells(started)), error) from None
    except DeadKernelError:
        raise AnalysisFailed(
            _line(notebook, len(own_cells(started)), "内核中途退出（DeadKernelError）", DEAD)
        ) from None
    except Exception as error:  # noqa: BLE001 - whatever it says may quote an answer
        raise AnalysisFailed(
            _line(notebook, len(own_cells(started)), f"不能运行（{type(error).__name__}）", SEE)
        ) from None
    require_complete(notebook, node)
    return Executed(notebook, node)


def require_complete(notebook: Notebook, node: Any) -> None:
    """Refuse a notebook of which a code cell has no execution count or shows an error.

    Notes
    -----
    papermill accepts ``sys.exit(0)`` in a cell, and nbconvert renders a half-run notebook as a normal page.
    """
    for number, cell in enumerate(own_cells(node.cells), start=1):
        failed = [output for output in cell.outputs if output.output_type == "error"]
        if failed:
            raise AnalysisFailed(_line(notebook, number, f"出错（{failed[0].ename}）", SEE))
        if not isinstance(cell.execution_count, int):
            raise AnalysisFailed(_line(notebook, number, "没有运行", SEE))


def own_cells(cells: Sequence[Any]) -> list[Any]:
    """Code cells as the researcher counts them: without empty ones and without the parameters put in."""
    return [
        cell
        for cell in cells
        if cell.cell_type == "code"
        and cell.source.strip()
        and "injected-parameters" not in cell.metadata.get("tags", [])
    ]


def _line(notebook: Notebook, cell: int, fault: str, advice: str) -> str:
    place = f" 第 {cell} 个代码格" if cell else ""
    return f"笔记本 {notebook.path.name}{place}{fault}；{advice}"


def _cell_failed(notebook: Notebook, cell: int, error: PapermillExecutionError) -> AnalysisFailed:
    if error.ename in OWN_ERRORS:
        return AnalysisFailed(str(error.evalue).partition("\n")[0], OWN_ERRORS[error.ename])
    return AnalysisFailed(_line(notebook, cell, f"出错（{error.ename}）", SEE))
