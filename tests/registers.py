"""Small registers of appeals and ledgers of problems for tests: files in a workspace of their own."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from evalpkg import appeals, params
from evalpkg.params import Round

COLUMNS = ("appeal_id", "submitted", "channel", "district", "size", "department", "category", "category_src", "text", "status",
           "accepted", "due", "closed", "outcome", "reopened_n", "reply", "satisfaction", "satisfaction_asked")  # fmt: skip
PROBLEMS = ("problem_id", "raised_on", "source", "district", "theme", "department", "problem", "instructed_on", "instruction",
            "adopted_on", "resolved_on", "result")  # fmt: skip
USUAL = {"submitted": "2022-07-01", "channel": "platform", "district": "LC", "department": "D26", "category_src": "human",
         "text": "办事要跑好几趟", "status": "received", "reopened_n": 0, "satisfaction_asked": "false"}  # fmt: skip
CLOSED = {"status": "closed", "closed": "2022-07-11", "outcome": "resolved", "due": "2022-07-20"}
RAISED = {
    "raised_on": "2022-07-05",
    "source": "forum",
    "theme": "FIN",
    "department": "D22",
    "problem": "贷款难",
}


def appeal(number: int, **cells: Any) -> dict[str, Any]:
    """Return the cells of an appeal, received and nothing more where nothing else is said."""
    return {"appeal_id": f"AP-202207-{number:05d}", **USUAL, **cells}


def problem(number: int, **cells: Any) -> dict[str, Any]:
    """Return the cells of a problem, raised and nothing more where nothing else is said."""
    return {"problem_id": f"PB-{number:04d}", **RAISED, **cells}


def workspace(folder: Path, *rounds: str) -> Path:
    """Make a workspace with the demo's parameters of some rounds and no data."""
    (folder / "params").mkdir(parents=True, exist_ok=True)
    for name in ("_defaults", *(rounds or ("2022H2",))):
        source = params.bundle() / "params" / f"{name}.yaml"
        (folder / "params" / source.name).write_bytes(source.read_bytes())
    return folder


def write(path: Path, rows: list[dict[str, Any]], columns: tuple[str, ...] = COLUMNS) -> None:
    """Write a CSV as a spreadsheet would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        sheet = csv.DictWriter(file, columns, restval="")
        sheet.writeheader()
        sheet.writerows(rows)


def round_of(folder: Path, rows: list[dict[str, Any]], name: str = "2022H2") -> Round:
    """Write a register for one round and load the round."""
    root = workspace(folder, name) if not (folder / "params" / f"{name}.yaml").is_file() else folder
    write(root / "data" / "raw" / name / "appeals.csv", rows)
    return params.load(name, root)


def register(folder: Path, rows: list[dict[str, Any]], name: str = "2022H2") -> appeals.Register:
    """Write a register and read it."""
    found = appeals.register(round_of(folder, rows, name))
    assert found is not None
    return found


def ledger(folder: Path, rows: list[dict[str, Any]], name: str = "2022H2") -> Round:
    """Write a ledger of problems and load a round."""
    root = workspace(folder, name)
    write(root / "data" / "raw" / "problems.csv", rows, PROBLEMS)
    return params.load(name, root)
