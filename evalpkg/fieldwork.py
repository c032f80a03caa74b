"""Who answered: questionnaires issued, returned and valid, and how the sample compares with the population."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalpkg.estimate import Result, design_effect
from evalpkg.params import ParamsError

if TYPE_CHECKING:
    from evalpkg.survey import Survey

MARGINS = {
    "district": "县（区）",
    "size": "企业规模",
    "industry": "行业",
    "mode": "填报方式",
    "chamber": "商会",
}


def returns(survey: Survey) -> Result:
    """Questionnaires issued, returned and valid, in all and by channel.

    Returns
    -------
    Result
        A row for all channels, then one a channel: `channel`, `label`, `issued`, `returned`, `valid` (counts; NaN
        where the answers do not say their channel), `n` = valid.
    """
    work = survey.round.fieldwork
    channels = {code: (channel.issued, channel.returned) for code, channel in work.channels.items()}
    total = {
        "channel": "all",
        "label": "合计",
        "issued": work.issued,
        "returned": work.returned,
        "valid": survey.n,
    }
    table = pd.concat([pd.DataFrame([total]), _register(survey, channels, "mode")], ignore_index=True)
    return _counted(survey, table, "returns")


def chambers(survey: Survey) -> Result | None:
    """Questionnaires issued, returned and valid by chamber; None where fieldwork kept no such register."""
    name = survey.round.fieldwork.chambers
    if name is None:
        return None
    path = survey.round.raw / name
    if not path.is_file():
        raise ParamsError(
            f"找不到发放登记表 data/raw/{survey.round.id}/{name}；请放回，或在参数里删去 fieldwork.chambers"
        )
    table = pd.read_csv(path, encoding="utf-8-sig")
    lacking = {"chamber", "issued", "returned"} - set(table.columns)
    if lacking:
        raise ParamsError(f"发放登记表 {name}：缺少列 {'、'.join(sorted(lacking))}")
    columns = (table[name].tolist() for name in ("chamber", "issued", "returned"))
    issued = {str(code): (int(out), int(back)) for code, out, back in zip(*columns, strict=True)}
    return _counted(survey, _register(survey, issued, "chamber"), "chambers")


def composition(survey: Survey) -> Result | None:
    """Compare population, sample and weighted sample per raking margin, in per cent; None without weighting."""
    if survey.raking is None:
        return None
    table = survey.raking.table.rename(columns={"respondents": "n"})
    labels = [
        _labels(survey, m).get(c, str(c)) for m, c in zip(table["margin"], table["category"], strict=True)
    ]
    places = [_place(survey, m, c) for m, c in zip(table["margin"], table["category"], strict=True)]
    names = [MARGINS.get(margin, margin) for margin in table["margin"]]
    table = table.assign(margin=names, label=labels, estimate=table["weighted"])
    table = table.iloc[sorted(range(len(places)), key=places.__getitem__)].reset_index(drop=True)
    return Result(table, "composition", "%", "全部有效答卷", survey.n, {})


def precision(survey: Survey) -> Result:
    """Say what weighting costs.

    Returns
    -------
    Result
        One row: `estimate` the Kish design effect, `effective` the size of a simple random sample as precise,
        `smallest` and `largest` weight relative to their mean, `clusters`.
    """
    weights = survey.design.weights
    row = {
        "label": "加权的代价",
        "estimate": design_effect(weights),
        "effective": survey.n / design_effect(weights),
        "smallest": weights.min() / weights.mean(),
        "largest": weights.max() / weights.mean(),
        "clusters": survey.design.n_clusters,
        "n": survey.n,
    }
    extra = {
        "recruitment": survey.round.recruitment,
        "weighted": survey.raking is not None,
        **{f"guessed_{k}": v for k, v in survey.guessed.items()},
    }
    return Result(pd.DataFrame([row]), "precision", "", "全部有效答卷", survey.n, extra)


def _register(survey: Survey, counts: Mapping[str, tuple[int, int]], role: str) -> pd.DataFrame:
    """Put issued and returned beside the valid questionnaires of each category of a role."""
    table = pd.DataFrame(
        [(code, *pair) for code, pair in counts.items()], columns=["channel", "issued", "returned"]
    )
    labels = _labels(survey, role)
    asked = role in survey.responses
    valid = survey.responses[role].value_counts() if asked else pd.Series(dtype=int)
    return table.assign(
        label=[labels.get(code, code) for code in table["channel"]],
        valid=table["channel"].map(valid).fillna(0 if asked else np.nan),
    )


def _counted(survey: Survey, table: pd.DataFrame, name: str) -> Result:
    rate = 100 * table["returned"] / table["issued"].where(table["issued"] > 0)
    n = table["valid"].fillna(table["returned"]).astype(int)
    return Result(table.assign(estimate=rate, n=n), name, "份", "全部问卷", survey.n, {})


def _place(survey: Survey, margin: str, category: str) -> tuple[int, int]:
    """Give the place of a category: margins as they are raked, categories in the order of the questionnaire."""
    margins = ["×".join(columns) for columns in survey.round.raking]
    item = survey.codebook.one(margin)
    options = [] if item is None else list(dict.fromkeys(item.groups.values() or item.options))
    return margins.index(margin), options.index(category) if category in options else len(options)


def _labels(survey: Survey, role: str) -> dict[str, str]:
    item = survey.codebook.one(role)
    return {} if item is None else {**{group: group for group in item.groups.values()}, **item.options}
