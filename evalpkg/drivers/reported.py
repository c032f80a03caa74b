"""How satisfied those are who report a problem, beside like enterprises that do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from evalpkg import estimate
from evalpkg.drivers import adjustment
from evalpkg.drivers.importance import DriversError

if TYPE_CHECKING:
    from evalpkg.survey import Survey

WROTE = "是否提了意见"


def reported(
    survey: Survey,
    named: pd.DataFrame | None,
    labels: Mapping[str, str] | None = None,
    *,
    wrote: pd.Series | None = None,
) -> estimate.Result | None:
    """Give the difference in overall satisfaction between those who name a theme and those who do not.

    All themes in one model with size, district, industry, the respondent's own level over departments, and whether it
    wrote anything: the comparison is among those who wrote. Association: who is dissatisfied also complains more.

    Parameters
    ----------
    survey
    named
        rid x theme, 0 or 1: `complaints.mentions`, or the ticks of a question; a row of gaps takes no part. Rids that are
        absent here named nothing. A column without a label counts as having written, and is not compared.
    labels
        Theme to its name for the reader, a dict or a Series; those without a column are ignored. What `named` brings
        along as ``attrs["labels"]`` where omitted.
    wrote
        rid to whether it wrote anything; any column of `named` where omitted.

    Returns
    -------
    Result or None
        `theme`, `label`, `estimate` (points of the outcome, 0-100: those who name it less those who do not), `std_error`,
        `conf_low`, `conf_high`, `n` (who name it), `count` (the same), `family_low`, `family_high` (all themes at once,
        Bonferroni), `sure` ("up", "down", "no", by the latter). Lowest first; empty where no theme has enough respondents.
        `extra`: `outcome`, `controls` and `notes` (tuples of Chinese sentences), `compared` (respondents).
        None where overall satisfaction was not asked, or nobody could name anything (`named` is None).

    Raises
    ------
    DriversError
        An unknown or repeated rid, a value other than 0 and 1, no labelled theme, too few respondents, or an outcome
        on which all agree.

    Notes
    -----
    Variance: `estimate.clustered_regression`. A respondent's level is measured with error, so that a part of what mild and harsh raters
    differ by stays in the differences.
    """
    asked = adjustment.outcome(survey)
    if asked is None or named is None:
        return None
    item, values = asked
    labels = named.attrs.get("labels", {}) if labels is None else labels
    table = _read(survey, named)
    themes = [theme for theme in table if theme in labels]
    if not themes:
        raise DriversError("提到的主题：没有一列有名称，无从比较；labels 要给出每个主题的名称")
    values = np.where(table.isna().any(axis=1), np.nan, values)
    enough, notes = _enough(survey, table[themes], values, labels)
    base = f"回答了“{item.label}”的企业"
    if not enough:
        extra = {"outcome": item.label, "controls": (), "notes": tuple(notes)}
        return estimate.Result(adjustment.empty("theme"), "theme_effects", "分", base, survey.n, extra)
    common = adjustment.controls(survey)
    anything = _wrote(survey, table, wrote)
    found = adjustment.differences(survey, values, table[enough], [common.columns, anything])
    notes += [f"“{labels[theme]}”与其他主题分不开，不单列" for theme in found.determined]
    names = common.names + ((WROTE,) if anything.columns[0] not in found.dropped else ())
    extra = {"outcome": item.label, "controls": names, "notes": (*notes, *_said(found))}
    rows = _rows(found, table, labels, survey.round.level)
    return estimate.Result(
        rows, "theme_effects", "分", base, survey.n, extra | {"compared": int(found.rows.sum())}
    )


def _read(survey: Survey, named: pd.DataFrame) -> pd.DataFrame:
    """Check the table and give every respondent a row."""
    if named.index.has_duplicates:
        raise DriversError(
            f"提到的主题：有 {int(named.index.duplicated().sum())} 行的答卷编号重复：每份答卷只能有一行；请先合并"
        )
    unknown = int((~named.index.isin(survey.responses.index)).sum())
    if unknown:
        raise DriversError(
            f"提到的主题：有 {unknown} 行的答卷编号不在本轮答卷里：必须是同一轮；请用本轮的结果"
        )
    if named.columns.has_duplicates:
        raise DriversError("提到的主题：有重复的列：每个主题只能有一列；请先合并")
    odd = [str(c) for c in named if not (is_numeric_dtype(named[c]) or is_bool_dtype(named[c]))]
    values = named.drop(columns=odd).astype(float)
    odd += [str(c) for c in values if not values[c].dropna().isin([0.0, 1.0]).all()]
    if odd:
        raise DriversError(f"提到的主题：列“{odd[0]}”的取值不是 0 或 1：只能是 0、1 或空值；请先转成是否")
    return values.reindex(survey.responses.index, fill_value=0.0)


def _enough(
    survey: Survey, themes: pd.DataFrame, values: np.ndarray, labels: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """Choose the themes that enough respondents name and enough do not, and say which were left out."""
    rows = ~np.isnan(values) & (survey.design.weights > 0)
    count, least = themes[rows].sum(), survey.round.min_raters
    names = [str(theme) for theme in themes]
    few = [theme for theme in names if count[theme] < least]
    most = [theme for theme in names if count[theme] >= least > rows.sum() - count[theme]]
    notes = [f"提到的企业不足 {least} 家，不比较：{_listed(few, labels)}"] if few else []
    notes += [f"没有提到的企业不足 {least} 家，不比较：{_listed(most, labels)}"] if most else []
    return [theme for theme in names if theme not in {*few, *most}], notes


def _listed(themes: list[str], labels: Mapping[str, str]) -> str:
    return "、".join(labels[theme] for theme in themes)


def _wrote(survey: Survey, table: pd.DataFrame, wrote: pd.Series | None) -> pd.DataFrame:
    index = survey.responses.index
    given = table.any(axis=1) if wrote is None else wrote.reindex(index, fill_value=False).astype(bool)
    return pd.DataFrame({"wrote anything": given.astype(float)}, index=index)


def _said(found: adjustment.Differences) -> list[str]:
    """Say what was not adjusted for because other columns determine it."""
    notes = []
    if "wrote anything" in found.dropped:
        notes.append("“是否提了意见”由主题完全决定（或人人相同），没有另外扣除，差别里含有它")
    if any("=" in name for name in found.dropped):
        notes.append("规模、县（区）、行业中有可由其余完全推出的类别，没有另外扣除")
    return notes


def _rows(
    found: adjustment.Differences, table: pd.DataFrame, labels: Mapping[str, str], level: float
) -> pd.DataFrame:
    if not found.kept:
        return adjustment.empty("theme")
    count = table.loc[found.rows, found.kept].sum().astype(int).to_numpy()
    keys = pd.DataFrame({"theme": found.kept, "label": [labels[theme] for theme in found.kept]})
    rows = adjustment.effects(keys, found.estimate, level).assign(n=count, count=count)
    return rows.sort_values("estimate", kind="stable", ignore_index=True)
