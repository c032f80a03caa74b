"""Who answered: questionnaires issued, returned and valid, and how the sample compares with the population."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalpkg.estimate import Result, design_effect, design_effects
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
    labels = [_label(survey, m, c) for m, c in zip(table["margin"], table["category"], strict=True)]
    places = [_place(survey, m, c) for m, c in zip(table["margin"], table["category"], strict=True)]
    names = [_name(margin) for margin in table["margin"]]
    table = table.assign(margin=names, label=labels, estimate=table["weighted"])
    table = table.iloc[sorted(range(len(places)), key=places.__getitem__)].reset_index(drop=True)
    return Result(table, "composition", "%", "全部有效答卷", survey.n, {})


def precision(survey: Survey) -> Result:
    """Say what weighting costs.

    Returns
    -------
    Result
        One row: `estimate` the Kish design effect, `effective` the size of a simple random sample as precise,
        `smallest` and `largest` weight relative to their mean, `clusters`. `extra["outcome_design_effect"]`: what
        weights, clusters and raking together do to the variance of overall satisfaction, where it was asked;
        `extra["size_*_count"]`: how many sizes were told from other answers, see `Survey.sized`.
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
        **{f"guessed_{k}_count": v for k, v in survey.guessed.items()},
        **{f"size_{k}_count": v for k, v in survey.sized.items()},
        "sized": bool(survey.sized),
        **_outcome_effect(survey),
    }
    return Result(pd.DataFrame([row]), "precision", "", "全部有效答卷", survey.n, extra)


def _outcome_effect(survey: Survey) -> dict[str, float]:
    item = survey.codebook.one("outcome")
    if item is None or item.code not in survey.responses:
        return {}
    effect = float(design_effects(item.to100(survey.responses[item.code]), survey.design)[0])
    return {"outcome_design_effect": effect} if np.isfinite(effect) else {}


def weighting(survey: Survey) -> Result | None:
    """Say how well each margin is met after weighting and trimming; None without weighting.

    Returns
    -------
    Result
        A row a raking margin: `margin` (machine name), `label`, `category` and `category_label` of its largest
        deviation, `estimate` that deviation in percentage points (weighted minus population), `sample` the largest
        deviation of the unweighted sample, `categories`, `n`. `extra`: Kish design effects `design_effect`,
        `untrimmed_design_effect` and, where persons employed are counted, `employment_design_effect`; `effective`;
        `trimmed` (weights lowered), `trim` (the cap in mean weights, 0 = none), `smallest`, `largest`, `iterations`.
    """
    report = survey.raking
    if report is None:
        return None
    rows = [_worst(survey, str(margin), part) for margin, part in report.table.groupby("margin", sort=False)]
    extra: dict[str, float] = {
        "design_effect": report.design_effect,
        "untrimmed_design_effect": report.untrimmed_design_effect,
        "effective": report.effective_n,
        "trimmed": report.trimmed,
        "trim": survey.round.trim or 0.0,
        "smallest": report.smallest,
        "largest": report.largest,
        "iterations": report.iterations,
    }
    if survey.employment is not None:
        extra["employment_design_effect"] = design_effect(survey.employment.weights)
    return Result(pd.DataFrame(rows), "weighting", "百分点", "全部有效答卷", survey.n, extra)


def _worst(survey: Survey, margin: str, part: pd.DataFrame) -> dict[str, object]:
    after = part["deviation"].to_numpy(dtype=float)
    before = (part["sample"] - part["population"]).to_numpy(dtype=float)
    category = str(part["category"].iloc[int(np.abs(after).argmax())])
    return {
        "margin": margin,
        "label": _name(margin),
        "category": category,
        "category_label": _label(survey, margin, category),
        "estimate": after[np.abs(after).argmax()],
        "sample": before[np.abs(before).argmax()],
        "categories": len(part),
        "n": survey.n,
    }


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


def _name(margin: str) -> str:
    return "×".join(MARGINS.get(column, column) for column in margin.split("×"))


def _label(survey: Survey, margin: str, category: str) -> str:
    """Say a category as the questionnaire prints it, those of a crossed margin part by part."""
    columns, parts = margin.split("×"), str(category).split("×")
    if len(columns) != len(parts):  # a category whose own name holds the sign
        return str(category)
    return "×".join(
        _labels(survey, column).get(part, part) for column, part in zip(columns, parts, strict=True)
    )


def _labels(survey: Survey, role: str) -> dict[str, str]:
    item = survey.codebook.one(role)
    return {} if item is None else {**{group: group for group in item.groups.values()}, **item.options}
