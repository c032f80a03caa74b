"""The categories that respondents are weighted by: number, cross and merge them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg.estimate.calibration import Ints

# {column, or tuple of columns for a crossed margin: population totals indexed by category}
Margins = Mapping[Hashable, pd.Series]
Rules = Mapping[str, Mapping[str, str]]  # {column: {category: category it goes into}}
Labels = TypeVar("Labels", pd.Series, pd.Index)

SAMPLED = 256  # objects that are looked at to learn whether equal categories are one object


class WeightsError(Exception):
    """Weights that cannot be made; ``str()`` is one Chinese line naming the margin and the category."""


def collapse(sample: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Merge small categories by rule.

    Parameters
    ----------
    sample : DataFrame
    rules : mapping
        {column: {category: category it goes into}}.

    Returns
    -------
    DataFrame
        A new frame; columns without a rule are as before.

    Raises
    ------
    WeightsError
        A rule for a column that is not there, or one that leads to a category which is itself merged away.

    Examples
    --------
    >>> collapse(pd.DataFrame({"size": ["L", "M", "S"]}), {"size": {"L": "M"}})["size"].tolist()
    ['M', 'M', 'S']
    """
    for column, rule in rules.items():
        _check_rule(sample, column, rule)
    return sample.assign(**{column: _merge(sample[column], rule) for column, rule in rules.items()})


def collapse_margins(margins: Margins, rules: Rules) -> dict[Hashable, pd.Series]:
    """Merge the categories of population margins by the rules that `collapse` applies to the sample.

    Examples
    --------
    >>> margins = {"size": pd.Series({"L": 1, "M": 2, "S": 7})}
    >>> collapse_margins(margins, {"size": {"L": "M"}})["size"].to_dict()
    {'M': 3, 'S': 7}
    """
    return {key: _collapse_totals(key, pd.Series(totals), rules) for key, totals in margins.items()}


def calibration_frame(sample: pd.DataFrame, margins: Margins) -> pd.DataFrame:
    """Give the raking categories as a `Design` wants them: one column per margin, crossed margins joined.

    Examples
    --------
    >>> sample = pd.DataFrame({"size": ["S", "L"], "place": ["east", "west"]})
    >>> calibration_frame(sample, {("size", "place"): pd.Series(dtype=float)})["size×place"].tolist()
    ['S×east', 'L×west']
    """
    return pd.DataFrame({spoken(key): _joined(sample, key) for key in margins}, index=sample.index)


def spoken(label: Hashable) -> str:
    """Say a label (column, category), crossed ones joined by ×."""
    return "×".join(map(str, label)) if isinstance(label, tuple) else str(label)


def number(sample: pd.DataFrame, key: Hashable) -> tuple[Ints, pd.Index]:
    """Give the category number of each row (n,) and the categories that occur.

    Parameters
    ----------
    sample : DataFrame, n rows
    key : label or tuple of labels
        A column, or columns to be crossed.

    Raises
    ------
    WeightsError
        A column that is not there, or a missing value.
    """
    if not isinstance(key, tuple) or len(key) == 1:
        return _number_column(sample, key[0] if isinstance(key, tuple) else key)
    parts = [_number_column(sample, column) for column in key]
    code = np.zeros(len(sample), dtype=np.int64)
    for part, labels in parts:
        code = code * len(labels) + part
    code, occupied = pd.factorize(code)
    places = np.unravel_index(np.asarray(occupied), [len(labels) for _, labels in parts])
    crossed = [labels[place] for (_, labels), place in zip(parts, places, strict=True)]
    return code, pd.MultiIndex.from_arrays(crossed)


def _number_column(sample: pd.DataFrame, column: Hashable) -> tuple[Ints, pd.Index]:
    if column not in sample.columns:
        present = "、".join(map(str, sample.columns))
        raise WeightsError(f"样本里没有边际用到的列“{column}”：现有列为 {present}；请核对参数 raking")
    values = sample[column]
    code, labels = _factorized(values.to_numpy(dtype=object)) if _objects(values) else pd.factorize(values)
    missing = int((code < 0).sum())
    if missing:
        raise WeightsError(
            f"边际“{column}”有 {missing} 份答卷没有填：加权要求每份都有类别；请补上，或归入“未知”并列入总体表"
        )
    return code, pd.Index(labels)


def _objects(values: pd.Series) -> bool:
    """Whether pandas holds the values as Python objects; Arrow's strings would have to be made into them."""
    return values.dtype == object or (
        isinstance(values.dtype, pd.StringDtype) and values.dtype.storage == "python"
    )


def _factorized(values: NDArray[Any]) -> tuple[Ints, NDArray[Any]]:
    """Give equal objects one number, as `pandas.factorize` does.

    Whoever reads a file or maps codes to labels makes one object per category. Then the addresses, which are whole
    numbers, are hashed in place of the strings, and the strings once per object.
    """
    if len(set(map(id, values[:SAMPLED]))) > SAMPLED // 4:
        return pd.factorize(values)
    addresses = np.frombuffer(np.ascontiguousarray(values), dtype=np.intp)
    same, found = pd.factorize(addresses)
    holder = np.empty(len(found), dtype=np.intp)
    holder[same] = np.arange(len(values))
    code, labels = pd.factorize(values[holder])
    return code[same], labels


def _joined(sample: pd.DataFrame, key: Hashable) -> pd.Series:
    code, categories = number(sample, key)
    return pd.Series(np.array([spoken(label) for label in categories])[code], index=sample.index)


def _merge(labels: Labels, rule: Mapping[str, str]) -> Labels:
    return labels.map(lambda category: rule.get(category, category))


def _collapse_totals(key: Hashable, totals: pd.Series, rules: Rules) -> pd.Series:
    columns = key if isinstance(key, tuple) else (key,)
    levels = [
        _merge(totals.index.get_level_values(place), rules.get(str(column), {}))
        for place, column in enumerate(columns)
    ]
    return totals.groupby(levels if isinstance(key, tuple) else levels[0], sort=False).sum()


def _check_rule(sample: pd.DataFrame, column: str, rule: Mapping[str, str]) -> None:
    if column not in sample.columns:
        raise WeightsError(f"collapse 规则用到的列“{column}”不在样本里：请核对参数 collapse 的列名")
    chained = sorted(str(into) for category, into in rule.items() if into in rule and into != category)
    if chained:
        raise WeightsError(
            f"collapse 规则里“{column}”的类别“{chained[0]}”既是合并目标又要被合并：请直接写明最终并入的类别"
        )
