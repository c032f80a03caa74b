"""What came in, what was closed, what was truly solved: a register is counted, not estimated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from evalpkg.appeals.course import SATISFIED
from evalpkg.appeals.register import Register
from evalpkg.estimate import Result

OUTCOMES = {
    "partly": "部分解决", "explained": "解释说明", "not_resolved": "没有解决", "out_of_scope": "不在受理范围",
}  # fmt: skip
BASE = "平台收到的诉求"


def overview(register: Register | None) -> Result | None:
    """Count what became of the appeals of a half-year by the day of observation.

    Returns
    -------
    Result or None
        Rows by `step`: received, ended, solved (truly, not in part), then the other outcomes, open, waiting (open past the
        due day), late (ended after it, or waiting), reopened, withdrawn; `estimate` is per cent of `n`: all appeals, for
        late and waiting those that have a due day. `extra["day"]` is the day of observation. None without a register.

    Notes
    -----
    The denominator is all appeals, also those that came in last and had little time: what is open is counted as open. How
    long handling takes is told by `durations`, with censoring.
    """
    if register is None:
        return None
    cases = register.cases
    dated = cases["due"].notna()
    steps = [
        ("received", "收到", np.ones(len(cases), dtype=bool)),
        ("ended", "办结", cases["ended"]),
        ("solved", "真正解决", cases["solved"]),
        *((code, label, cases["ended"] & (cases["outcome"] == code)) for code, label in OUTCOMES.items()),
        ("open", "还没有办结", ~cases["ended"] & ~cases["withdrawn"]),
        ("waiting", "逾期未结", cases["waiting"]),
        ("late", "逾期（含已办结的）", cases["late"]),
        ("reopened", "办结后被退回", cases["reopened_n"] > 0),
        ("withdrawn", "撤回或不予受理", cases["withdrawn"]),
    ]
    n = [int(dated.sum()) if step in ("waiting", "late") else len(cases) for step, *_ in steps]
    return counted("register", BASE, steps, n, len(cases), {"day": said(register)})


def satisfaction(register: Register | None) -> Result | None:
    """Count who was asked after the end, who answered, and who was satisfied (4 or 5 of 5).

    Returns
    -------
    Result or None
        Rows by `step`: asked (of those ended), answered (of those asked), satisfied (of those who answered), and what share
        of all ended would be satisfied if everybody of whom nothing is known were not (`least`), or were (`most`).
        Silence is not satisfaction (Manski 1989: without an assumption on the silent only these bounds are known).
    """
    if register is None:
        return None
    cases = register.cases[register.cases["ended"]]
    asked, answered = cases["satisfaction_asked"], cases["satisfaction"].notna()
    happy = cases["satisfaction"] >= SATISFIED
    steps = [
        ("asked", "回访了", asked),
        ("answered", "回访后答了满意度", answered),
        ("satisfied", "答了的人里满意", happy),
        ("least", "没有答的都算不满意", happy),
        ("most", "没有答的都算满意", happy | ~answered),
    ]
    n = [len(cases), int(asked.sum()), int(answered.sum()), len(cases), len(cases)]
    return counted("register_satisfaction", "已办结的诉求", steps, n, len(cases))


def counted(
    name: str,
    base: str,
    steps: Sequence[tuple[str, str, object]],
    n: list[int],
    total: int,
    extra: Mapping[str, object] | None = None,
) -> Result:
    """Count each step (code, label, who reached it) in per cent of its n."""
    table = pd.DataFrame(
        {
            "step": [code for code, *_ in steps],
            "label": [label for _, label, _ in steps],
            "count": [int(np.sum(np.asarray(reached))) for *_, reached in steps],
            "n": n,
        }
    )
    share = 100 * table["count"] / table["n"].where(table["n"] > 0)
    return Result(table.assign(estimate=share), name, "%", base, total, extra or {})


def said(register: Register) -> str:
    """Write the day of observation."""
    return f"{register.day.year} 年 {register.day.month} 月 {register.day.day} 日"
