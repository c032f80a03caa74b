"""Groups of enterprises by size, district, industry: which categories stand together, and who is inside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg.codebook import Codebook
from evalpkg.params import ParamsError, Round, reference

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

    def inside(self, responses: pd.DataFrame) -> NDArray[np.bool_]:
        """Tell which respondents of a round belong to the group, (n,); nobody where the round did not ask."""
        if not self.column:
            return np.ones(len(responses), dtype=bool)
        if self.column not in responses:
            return np.zeros(len(responses), dtype=bool)
        return np.asarray(responses[self.column].isin(list(self.categories)).to_numpy(dtype=bool))


def everybody() -> Group:
    """Return the group of all respondents."""
    return Group("all", "全部企业")


def candidates(
    responses: pd.DataFrame,
    book: Codebook,
    round_: Round,
    column: str,
    groups: Mapping[str, str] | None = None,
) -> list[Group]:
    """List the groups that a column of the responses makes, whatever their size, in the order of the codebook.

    Parameters
    ----------
    responses, book, round_
        Of a survey.
    column
        A key of `COLUMNS` that the responses have.
    groups
        Category to the name of its group, where categories are to be taken together. Where omitted, more than four districts
        are grouped by their kind (``kind`` in districts.csv).

    Raises
    ------
    ParamsError
        A column that may not be compared; an unknown category in `groups`; districts without a kind.
    """
    check(column)
    item, present = book.one(column), set(responses[column].dropna())
    labels = {} if item is None else {**item.options, **{name: name for name in item.groups.values()}}
    ordered = [*(code for code in labels if code in present), *sorted(present - set(labels))]
    if groups is None and column == "district" and len(ordered) > MOST:
        groups = _kinds(round_, ordered)
    elif groups is not None:
        _known(groups, {*labels, *present}, column, ordered)
    if groups is None:
        return [Group(str(c), labels.get(c, str(c)), column, frozenset([c])) for c in ordered]
    names = dict.fromkeys(groups[code] for code in ordered if code in groups)
    of = {name: frozenset(code for code, own in groups.items() if own == name) for name in names}
    return [Group(name, name, column, categories) for name, categories in of.items()]


def together(classes: list[Group], size: Callable[[Group], int], least: int) -> tuple[list[Group], list[str]]:
    """Take classes that are too small together with the next one, the last with the one before; then to at most four.

    Parameters
    ----------
    classes
        In their order, without overlap.
    size
        Respondents of a group that count towards `least`.

    Returns
    -------
    list of Group, list of str
        A single group may still be too small. What was taken together, a Chinese sentence each without its full stop.

    Examples
    --------
    >>> answers = pd.DataFrame({"size": ["L"] * 20 + ["M"] * 90 + ["S"] * 150})
    >>> sizes = [Group(code, code, "size", frozenset(code)) for code in "LMS"]
    >>> found, said = together(sizes, lambda group: group.inside(answers).sum(), 100)
    >>> [group.code for group in found], said
    (['L+M', 'S'], ['人数不足 100 家，合并为一组：L＋M'])
    """
    merged: list[Group] = []
    for group in classes:
        if merged and size(merged[-1]) < least:
            group = _joined(merged.pop(), group)
        merged.append(group)
    if len(merged) > 1 and size(merged[-1]) < least:
        last = merged.pop()
        merged.append(_joined(merged.pop(), last))
    while len(merged) > MOST:
        at = int(np.argmin([size(one) + size(other) for one, other in pairwise(merged)]))
        merged[at : at + 2] = [_joined(merged[at], merged[at + 1])]
    said = [f"人数不足 {least} 家，合并为一组：{group.label}" for group in merged if group not in classes]
    return merged, said


def check(column: str) -> None:
    """Refuse a column by which enterprises may not be compared."""
    if column not in COLUMNS:
        raise ParamsError(f"分组比较：没有“{column}”这种分组：只能是 {'、'.join(COLUMNS)}；请改正列名")


def _known(groups: Mapping[str, str], known: set[str], column: str, ordered: list[str]) -> None:
    unknown = [str(code) for code in groups if code not in known]
    if unknown:
        raise ParamsError(
            f"分组比较：groups 里的“{unknown[0]}”不是{COLUMNS[column]}的类别；可用的是 {'、'.join(map(str, ordered))}"
        )


def _kinds(round_: Round, present: list[str]) -> dict[str, str]:
    """Read the kind that each district has at the end of the round's period, also districts that have ended by then.

    A county that became a city district counts as one in every round: otherwise the groups of two rounds would be other places.
    """
    path = reference(round_.root, "districts.csv")
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if "kind" in table and "unit" in table:
        kinds = dict(zip(table["unit"], table["kind"], strict=True))
        after = _successors(table, round_.period.end.isoformat())
        of = {code: kinds.get(_today(code, after), "") for code in kinds}
        if all(of.get(code) for code in present):
            return {code: kind for code, kind in of.items() if kind}
    raise ParamsError(
        f"分组比较：{COLUMNS['district']}有 {len(present)} 个，最多 {MOST} 组，而 districts.csv 没有写明每个属于哪一类"
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


def _joined(one: Group, other: Group) -> Group:
    label = f"{one.label}＋{other.label}"
    return Group(f"{one.code}+{other.code}", label, one.column, one.categories | other.categories)
