"""The official size classes as a table: from which numbers of staff, revenue and assets on an enterprise is small, medium, large."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg.params import ParamsError, reference

INDICATORS = ("X", "Y", "Z")  # persons employed; revenue and assets in 10,000 yuan
STEPS = ("small_min", "medium_min", "large_min")
COLUMNS = ("industry", "gbt4754_codes", "variable", *STEPS)
SECTIONS = "ABCDEFGHIJKLMNOPQRST"
# First division of each section (GB/T 4754-2017): a questionnaire asks for sections, the rules name divisions too.
DIVISIONS = (1, 6, 13, 44, 47, 51, 53, 61, 63, 66, 70, 71, 73, 76, 80, 83, 84, 86, 91, 97)


@dataclass(frozen=True, eq=False)
class SizeRules:
    """Rules of r industries.

    Attributes
    ----------
    names : tuple of str, length r
    codes : tuple of tuples of str, length r
        What each rule covers, as `whole` writes codes.
    limits : ndarray of shape (r, 3, 3)
        Lower limits by indicator (`INDICATORS`) and step (`STEPS`); NaN where a rule does not look at the indicator.
    """

    names: tuple[str, ...]
    codes: tuple[tuple[str, ...], ...]
    limits: NDArray[np.float64]

    def covering(self, industry: str) -> NDArray[np.intp]:
        """Find the rules of an industry: several where it is a section whose parts have rules of their own."""
        asked = whole(industry)
        parts = [any(asked.startswith(code) or code.startswith(asked) for code in own) for own in self.codes]
        return np.flatnonzero(np.array(parts) & bool(asked))


def whole(code: str) -> str:
    """Write a code of GB/T 4754-2017 with its section in front; "" where it is none.

    >>> whole("F"), whole("51"), whole("7010"), whole("3")
    ('F', 'F51', 'K7010', '')
    """
    if re.fullmatch("[A-T]", code):
        return code
    if not re.fullmatch("[0-9]{2,4}", code) or not 1 <= int(code[:2]) <= DIVISIONS[-1]:
        return ""
    return SECTIONS[bisect_right(DIVISIONS, int(code[:2])) - 1] + code


def read_size_rules(root: Path, name: str) -> SizeRules:
    """Read a table of rules, a row an industry and indicator.

    Raises
    ------
    ParamsError
        The file is missing; it lacks a column; a row names no code or indicator, or its limits are no rising numbers.
    """
    table = pd.read_csv(reference(root, name), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    lacking = [column for column in COLUMNS if column not in table]
    if lacking or table.empty:
        fault = f"缺少列 {'、'.join(lacking)}" if lacking else "没有一行"
        raise ParamsError(f"规模划分表 {name}：{fault}；应有 {'、'.join(COLUMNS)} 各列")
    steps = table[list(STEPS)].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    _check(table, steps, name)
    names = tuple(dict.fromkeys(table["industry"]))
    limits = np.full((len(names), len(INDICATORS), len(STEPS)), np.nan)
    for industry, indicator, row in zip(table["industry"], table["variable"], steps, strict=True):
        limits[names.index(industry), INDICATORS.index(indicator)] = row
    written = dict(zip(table["industry"], table["gbt4754_codes"], strict=True))
    return SizeRules(names, tuple(_codes(written[industry]) for industry in names), limits)


def _codes(cell: str) -> tuple[str, ...]:
    return tuple(whole(code.strip()) for code in cell.split(";"))


def _check(table: pd.DataFrame, steps: NDArray[np.float64], name: str) -> None:
    """Refuse the first row that cannot be a rule."""
    repeated = table.duplicated(["industry", "variable"])
    for at, row in enumerate(table.itertuples(index=False)):
        faults = {
            "gbt4754_codes 要写国民经济行业分类的代码，用分号隔开": not all(_codes(str(row.gbt4754_codes))),
            f"variable 只能是 {'、'.join(INDICATORS)}": row.variable not in INDICATORS,
            "三个下限要写成数，小型、中型、大型依次增大": not (np.diff([0, *steps[at]]) > 0).all(),
            "同一行业的同一指标写了两次": bool(repeated.iloc[at]),
        }
        said = next((fault for fault, found in faults.items() if found), "")
        if said:
            raise ParamsError(f"规模划分表 {name} 第 {at + 2} 行：{said}；请改正")
