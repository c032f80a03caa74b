"""Groups of enterprises between which themes are compared: size classes, kinds of district, in every round the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg.params import ParamsError, reference

if TYPE_CHECKING:
    from evalpkg.survey import Survey

ALL = "all"
LEAST = 100  # respondents of a group: of fewer, hardly a theme has k
MOST = 4  # groups; more and each is too small, and the family of comparisons too large
NEIGHBOURS = ("size",)  # columns whose classes have an order, so that neighbours may be taken together
COLUMNS = {"size": "规模", "district": "县（区）", "industry": "行业", "mode": "填报方式"}


@dataclass(frozen=True)
class Group:
    """Categories of one column of `Survey.responses` that stand together; no column: all respondents."""

    code: str
    label: str
    column: str = ""
    categories: frozenset[str] = frozenset()

    def inside(self, survey: Survey) -> NDArray[np.bool_]:
        """Tell which respondents of a round belong to the group, (n,); nobody where the round did not ask."""
        if not self.column:
            return np.ones(survey.n, dtype=bool)
        if self.column not in survey.responses:
            return np.zeros(survey.n, dtype=bool)
        return np.asarray(survey.responses[self.column].isin(list(self.categories)).to_numpy(dtype=bool))


@dataclass(frozen=True)
class Division:
    """Groups with enough respondents; Chinese sentences on what was left out and what was taken together."""

    groups: tuple[Group, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def everybody() -> Group:
    """Return the group of all respondents."""
    return Group(ALL, "全部企业")


def divided(survey: Survey, column: str, groups: Mapping[str, str] | None = None) -> Division:
    """Divide the respondents of a round into at most four groups by one column.

    Parameters
    ----------
    survey
    column
        ``"size"``, ``"district"``, ``"industry"`` or ``"mode"``.
    groups
        Category to the name of its group. Where omitted, more than four districts are grouped by their kind.

    Returns
    -------
    Division
        Groups of at least `LEAST` respondents, size classes taken together with a neighbour first; of more than four
        others the largest. Empty where the survey did not ask.

    Raises
    ------
    ParamsError
        A column that may not be compared; an unknown category in `groups`; districts without a kind.
    """
    if column not in COLUMNS:
        raise ParamsError(f"意见分组：没有“{column}”这种分组；只能是 {'、'.join(COLUMNS)}，请改正列名")
    if column not in survey.responses or survey.responses[column].isna().all():
        return Division()
    found, notes = _candidates(survey, column, groups), []
    if column in NEIGHBOURS and groups is None:
        merged = _together(found, survey)
        notes = [f"人数不足 {LEAST} 家，合并为一组：{group.label}" for group in merged if group not in found]
        found = merged
    enough = [group for group in found if _size(group, survey) >= LEAST]
    few = [group.label for group in found if group not in enough]
    left_out = [f"不足 {LEAST} 家，不单列：{'、'.join(few)}"] if few else []
    largest = sorted(enough, key=lambda group: -_size(group, survey))[:MOST]
    if len(enough) > MOST:
        rest = "、".join(group.label for group in enough if group not in largest)
        left_out.append(f"{COLUMNS[column]}只列家数最多的 {MOST} 组，其余不单列：{rest}")
    return Division(tuple(group for group in enough if group in largest), tuple(left_out), tuple(notes))


def _size(group: Group, survey: Survey) -> int:
    return int((group.inside(survey) & (survey.design.weights > 0)).sum())


def _candidates(survey: Survey, column: str, groups: Mapping[str, str] | None) -> list[Group]:
    item, present = survey.codebook.one(column), set(survey.responses[column].dropna())
    labels = {} if item is None else {**item.options, **{name: name for name in item.groups.values()}}
    ordered = [*(code for code in labels if code in present), *sorted(present - set(labels))]
    if groups is None and column == "district" and len(ordered) > MOST:
        groups = _kinds(survey, ordered)
    elif groups is not None:
        _check(groups, {*labels, *present}, column, ordered)
    if groups is None:
        return [Group(str(c), labels.get(c, str(c)), column, frozenset([c])) for c in ordered]
    names = dict.fromkeys(groups[code] for code in ordered if code in groups)
    of = {name: frozenset(code for code, own in groups.items() if own == name) for name in names}
    return [Group(name, name, column, categories) for name, categories in of.items()]


def _check(groups: Mapping[str, str], known: set[str], column: str, ordered: list[str]) -> None:
    unknown = [str(code) for code in groups if code not in known]
    if unknown:
        raise ParamsError(
            f"意见分组：groups 里的“{unknown[0]}”不是{COLUMNS[column]}的类别；可用的是 {'、'.join(map(str, ordered))}"
        )


def _kinds(survey: Survey, present: list[str]) -> dict[str, str]:
    """Read the kind that each district has at the end of the round's period, also districts that have ended by then.

    A county that became a city district counts as one in every round: otherwise the groups of two rounds would be other places.
    """
    path = reference(survey.round.root, "districts.csv")
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if "kind" in table and "unit" in table:
        day = survey.round.period.end.isoformat()
        kinds = dict(zip(table["unit"], table["kind"], strict=True))
        after = _successors(table, day)
        of = {code: kinds.get(_today(code, after), "") for code in kinds}
        if all(of.get(code) for code in present):
            return {code: kind for code, kind in of.items() if kind}
    raise ParamsError(
        f"意见分组：{COLUMNS['district']}有 {len(present)} 个，最多 {MOST} 组，而 districts.csv 没有写明每个属于哪一类"
        "（kind）；请补上，或用 groups 说明哪些归为一组"
    )


def _successors(table: pd.DataFrame, day: str) -> dict[str, str]:
    """Return what became of the districts that had ended by a day."""
    if "valid_to" not in table or "successor" not in table:
        return {}
    ended = table[(table["valid_to"] != "") & (table["valid_to"] <= day) & (table["successor"] != "")]
    return dict(zip(ended["unit"], ended["successor"], strict=True))


def _today(code: str, after: dict[str, str]) -> str:
    for _ in after:  # a chain is no longer than the table; a circle in it ends as well
        code = after.get(code, code)
    return code


def _together(classes: list[Group], survey: Survey) -> list[Group]:
    """Take classes that are too small together with the next one, the last with the one before; then to at most four."""
    merged: list[Group] = []
    for group in classes:
        if merged and _size(merged[-1], survey) < LEAST:
            group = _joined(merged.pop(), group)
        merged.append(group)
    if len(merged) > 1 and _size(merged[-1], survey) < LEAST:
        last = merged.pop()
        merged.append(_joined(merged.pop(), last))
    while len(merged) > MOST:
        pairs = [_size(a, survey) + _size(b, survey) for a, b in pairwise(merged)]
        at = int(np.argmin(pairs))
        merged[at : at + 2] = [_joined(merged[at], merged[at + 1])]
    return merged


def _joined(one: Group, other: Group) -> Group:
    label = f"{one.label}＋{other.label}"
    return Group(f"{one.code}+{other.code}", label, one.column, one.categories | other.categories)
