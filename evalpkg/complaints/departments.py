"""Which departments a remark speaks of."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd
import rjieba

from evalpkg.text import clean, fold

# Bodies say so in their name; an alias without such an end (环保, 交通) is also an ordinary word.
_BODY = re.compile(r"(?:局|委|办|厅|院|所|队|站|处|中心|公司|集团|支行|分行|海关|之家|交警|城管)$")
_SHORT_FOR_BODY = frozenset("公安 国税 地税 人社 住建 安监 工商 质监 国土 央行 人行 中院 检察 疾控".split())
_AS_BODY = re.compile(r"局|部门|系统|那边|方面|的人|那里|窗口|大厅|执法|人员|工作人员|单位|机关")
_LISTED = re.compile(r"和|跟|与|及|、|:|,|\s|$")
_OPENING = re.compile(r"(?:^|[,。;!?、:\s(和跟与及找去到向对])$")


@dataclass(frozen=True)
class Aliases:
    """Names of departments: `codes` by match key, and the pattern that finds them, longest first."""

    codes: dict[str, str]
    pattern: re.Pattern[str]


def aliases(departments: pd.DataFrame) -> Aliases:
    """Collect the short and official names and the aliases of a table of departments.

    Parameters
    ----------
    departments
        Columns code, short, official and aliases (separated by ``;``); absent columns are left out. A name of two
        departments belongs to the first.
    """
    codes: dict[str, str] = {}
    for column in ("short", "official", "aliases"):
        if column not in departments:
            continue
        for code, cell in zip(departments["code"], departments[column], strict=True):
            for name in str(cell).split(";"):
                codes.setdefault(fold(clean(name)), code)
    codes.pop("", None)
    longest = sorted(codes, key=lambda name: (-len(name), name))
    return Aliases(codes, re.compile("|".join(map(re.escape, longest)) or r"(?!)"))


def named(text: str, known: Aliases) -> list[str]:
    """List the departments that a remark names, in the order of first mention.

    >>> table = pd.DataFrame({"code": ["D13", "D05"], "short": ["交通局", "公安局"], "aliases": ["交通", "交警"]})
    >>> named("交通不便，找交警和交通局都没用", aliases(table))
    ['D05', 'D13']
    """
    key = fold(clean(text))
    found = [known.codes[match[0]] for match in known.pattern.finditer(key) if _is_body(match, key)]
    return list(dict.fromkeys(found))


def without_names(text: str, known: Aliases) -> str:
    """Blank out the names of departments in a match key: they say who, not what."""
    return known.pattern.sub(lambda match: " " if _is_body(match, text) else match[0], text)


def _is_body(match: re.Match[str], key: str) -> bool:
    """Tell a department from an ordinary word, or a part of one (人行道), of the same characters."""
    name, before, behind = match[0], key[: match.start()][-2:], key[match.end() :][:4]
    if _BODY.search(name) or _AS_BODY.match(behind):
        return True
    if _inside_word(name, before, behind):
        return False
    return name in _SHORT_FOR_BODY or bool(_OPENING.search(before) and _LISTED.match(behind))


def _inside_word(name: str, before: str, behind: str) -> bool:
    """Tell whether a longer dictionary word, of up to two more characters on either side, contains the name."""
    heads = {before[len(before) - n :] for n in range(len(before) + 1)}
    tails = {behind[:n] for n in range(min(len(behind), 2) + 1)}
    return any(head + tail and rjieba.has_word(head + name + tail) for head in heads for tail in tails)
