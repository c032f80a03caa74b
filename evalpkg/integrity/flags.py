"""Reasons why a form may not be an enterprise's own careful answer; nothing is ever deleted for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalpkg import estimate
from evalpkg.integrity import answers
from evalpkg.integrity.contradictions import contradictions, signs

if TYPE_CHECKING:
    from evalpkg.survey import Survey

REASONS = {
    "speeder": "作答过快",
    "burst": "集中提交",
    "straight": "从头到尾同一个分",
    "duplicate": "答案雷同",
    "contradiction": "前后矛盾",
    "incomplete": "大半没有作答",
    "frame": "看不出是哪类企业",
}
SIGNS = {
    "attention": "质检题未按要求选",
    "top": "最急需解决的不在所选困难里",
    "severity": "没有困难却有严重程度",
}
LACKING = {
    "speeder": "导出文件没有可用的“所用时间”，不能判断是否作答过快",
    "burst": "导出文件没有可用的“提交时间”，不能判断是否集中提交",
    "straight": "问卷打分题不足 8 道，不能判断是否从头到尾同一个分",
    "duplicate": "问卷没有可比较的选择题，不能判断答案是否雷同",
    "contradiction": "问卷没有可互相核对的题目，不能判断是否前后矛盾",
    "incomplete": "没有原始答卷，不能判断是否大半没有作答",
    "frame": "问卷没有问县（区）、规模、行业中的两项，不能判断是哪类企业",
}


def flagged(survey: Survey) -> pd.DataFrame:
    """Tell which respondent is flagged for which reason.

    Parameters
    ----------
    survey : Survey
        `flags` holds what the raw file told; the answers tell the rest.

    Returns
    -------
    DataFrame
        A row a respondent (index rid), a bool column a reason, in the order of `REASONS`; a reason that this survey
        cannot judge has no column.

    Notes
    -----
    `speeder`, `burst`, `incomplete`: `evalpkg.ingest.quality`. `straight`, `duplicate`, `contradiction`, `frame`:
    `answers` and `contradictions` in this folder. Missing answers count only among the items asked.
    """
    index = survey.responses.index
    judged = {
        "straight": answers.straight(survey),
        "duplicate": answers.duplicates(survey),
        "contradiction": contradictions(survey),
        "frame": answers.unplaced(survey),
    }
    told = {name: survey.flags[name].reindex(index, fill_value=False) for name in survey.flags}
    columns = {}
    for reason in REASONS:
        parts = [part for part in (told.get(reason), judged.get(reason)) if part is not None]
        if parts:
            columns[reason] = np.any([np.asarray(part, dtype=bool) for part in parts], axis=0)
    return pd.DataFrame(columns, index=index, dtype=bool)


def flags(survey: Survey) -> estimate.Result:
    """Count the flagged respondents by reason.

    Returns
    -------
    Result
        A row a reason, then ``any``: keys `reason`, `label`; `estimate` is the per cent of the questionnaires
        (unweighted: it speaks of forms, not of enterprises), `count` of `n`. A respondent may have several reasons.
        `extra`: `signs`, the same for weak signs, which flag nobody alone; `notes`, what could not be judged.
    """
    table = flagged(survey)
    counts = {str(name): int(table[name].sum()) for name in table} | {"any": int(table.any(axis=1).sum())}
    weak = {name: int(sign.sum()) for name, sign in signs(survey).items()}
    notes = tuple(LACKING[reason] for reason in REASONS if reason not in table)
    extra = {"signs": _shares("sign", SIGNS, weak, survey.n), "notes": notes}
    labels = REASONS | {"any": "任一项"}
    return estimate.Result(
        _shares("reason", labels, counts, survey.n), "integrity", "%", "全部答卷", survey.n, extra
    )


def _shares(key: str, labels: dict[str, str], counts: dict[str, int], n: int) -> pd.DataFrame:
    table = pd.DataFrame({key: list(counts), "label": [labels[name] for name in counts]})
    count = np.array(list(counts.values()), dtype=int)
    return table.assign(estimate=100 * count / max(n, 1), count=count, n=n)
