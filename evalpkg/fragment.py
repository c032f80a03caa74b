"""Safe pieces of HTML, and the one way in which numbers and rows are written on a page."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeGuard

import pandas as pd

MINUS = "\N{MINUS SIGN}"
ABSENT = "\N{EM DASH}"
TIERS = {"above": "明显高于平均", "same": "与平均分不出高下", "below": "明显低于平均"}
ROLES = {"regulator": "监管执法", "service": "服务保障", "utility": "公用事业", "judiciary": "司法机关"}
# Of a policy, short.
STAGES = {"aware": "知道", "eligible": "符合条件", "applied": "申请", "received": "享受"}

# Signs in a square of 12 px; filled = established, hollow = not distinguishable.
SHAPES = {
    "sure": '<circle cx="6" cy="6" r="4.5" style="fill:var(--mid,#5d6873)"/>',
    "same": '<circle cx="6" cy="6" r="4" style="fill:none;stroke:var(--mid,#5d6873);stroke-width:1.75"/>',
    "listed": '<path d="M1 6h10" style="stroke:var(--mid,#5d6873)"/>',
    "blank": "",  # keeps names in line
    "above": '<path d="M6 1l5 9.5H1Z" style="fill:var(--up,#0b4f8a)"/>',
    "below": '<path d="M6 11L1 1.5h10Z" style="fill:var(--dn,#a84a00)"/>',
}

# Characters that no XML may hold, and those that turn the reading direction of the text after them.
UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)

Number = float | int | None
Record = Mapping[str, Any]
K, MIN_RATERS = 10, 30  # usual limits of the gate, for words only; a gate states its own in `extra`


class Fragment(str):
    """A string of finished HTML that a notebook shows as it is.

    Examples
    --------
    >>> Fragment("<p>好</p>")._repr_html_()
    '<p>好</p>'
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)

    def __html__(self) -> str:
        return str(self)


def plain(text: object) -> str:
    r"""Return `text` without characters that cannot be printed.

    Examples
    --------
    >>> plain("税务\x00局")
    '税务局'
    """
    return UNPRINTABLE.sub("", str(text))


def escape(text: object) -> str:
    """Return `text` safe to stand between tags or inside a quoted attribute.

    Examples
    --------
    >>> escape('<b>"&')
    '&lt;b&gt;&quot;&amp;'
    """
    return html.escape(plain(text), quote=True)


def join(*parts: str | None) -> Fragment:
    """Put fragments one after the other; None is left out.

    Examples
    --------
    >>> join(Fragment("<p>1</p>"), None, Fragment("<p>2</p>"))
    '<p>1</p><p>2</p>'
    """
    return Fragment("".join(part for part in parts if part is not None))


def clauses(text: str) -> list[str]:
    """Split a sentence after its commas, so that a page may break lines between clauses only.

    Examples
    --------
    >>> clauses("按职能分组，次序不是名次")
    ['按职能分组，', '次序不是名次']
    """
    return [clause for clause in re.split("(?<=[，；：])", text) if clause]


def not_asked(subject: str) -> Fragment:
    """Say plainly that the questionnaire had no such question.

    Examples
    --------
    >>> not_asked("经营困难")
    '<p class="none">本次问卷没有问经营困难，所以这里不列。</p>'
    """
    return nothing(f"本次问卷没有问{subject}，所以这里不列。")


def nothing(sentence: str) -> Fragment:
    """Say plainly why there is nothing to show.

    Examples
    --------
    >>> nothing("本轮没有加权。")
    '<p class="none">本轮没有加权。</p>'
    """
    return Fragment(f'<p class="none">{escape(sentence)}</p>')


# An analysis may be missing for more than one reason, and the page cannot tell which.
NO_DEPARTMENTS = "本轮没有部门评价：问卷没有问，或没有企业打分。"
NO_MODES = "本轮没有按填报方式比较：问卷没有问，或只有一种方式的答卷够多。"
NO_REGISTER = "本轮没有诉求平台的台账，所以这里不列。"
NO_LEDGER = "没有问题台账，或到本轮结束还没有提出问题，所以这里不列。"
NO_REMARKS = "没有可以归类的意见：问卷没有问，没有人写，或所写的语言不在问题词表里。"


def known(value: Number) -> TypeGuard[float]:
    """Tell whether `value` is a number that may be printed.

    Examples
    --------
    >>> known(0.0), known(None), known(float("nan"))
    (True, False, False)
    """
    return value is not None and math.isfinite(value)


def score(value: Number) -> str:
    """Write a score (0-100) or a share whose unit stands in the column's head: one decimal.

    Examples
    --------
    >>> score(73.14), score(-0.04), score(None)
    ('73.1', '0.0', '—')
    """
    return _decimal(value) if known(value) else ABSENT


def share(value: Number) -> str:
    """Write a share in per cent: one decimal and the sign.

    Examples
    --------
    >>> share(29.6)
    '29.6%'
    """
    return f"{_decimal(value)}%" if known(value) else ABSENT


def less(bound: Number) -> str:
    """Write a share of which only an upper bound may be published.

    Examples
    --------
    >>> less(1.2)
    '<1.2%'
    """
    return f"<{_decimal(bound)}%" if known(bound) else ABSENT


def whole(value: Number) -> str:
    """Write a contact share in whole per cent; never 0% for what did happen.

    Examples
    --------
    >>> whole(84.4), whole(0.3), whole(0.0), whole(100.0)
    ('84%', '<1%', '0%', '100%')
    """
    if not known(value):
        return ABSENT
    return "<1%" if 0 < value < 1 else f"{value:.0f}%"


def confidence(value: Number) -> str:
    """Write a probability (in per cent) that was simulated: certainty is never claimed.

    Examples
    --------
    >>> confidence(74.2), confidence(0.0), confidence(100.0)
    ('74%', '<1%', '>99%')
    """
    if not known(value):
        return ABSENT
    return "<1%" if value < 1 else ">99%" if value > 99 else f"{value:.0f}%"


def interval(low: Number, high: Number) -> str:
    """Write an interval with 至, since a dash collides with the minus sign.

    Examples
    --------
    >>> interval(72.0, 74.2)
    '72.0 至 74.2'
    """
    return f"{_decimal(low)} 至 {_decimal(high)}" if known(low) and known(high) else ABSENT


def signed(value: Number) -> str:
    """Write a difference with its sign.

    Examples
    --------
    >>> signed(1.7), signed(-3.4), signed(0.01)
    ('+1.7', '−3.4', '0.0')
    """
    if not known(value):
        return ABSENT
    text = _decimal(value)
    return f"+{text}" if value > 0 and text != "0.0" else text


def count(value: Number) -> str:
    """Write a number of enterprises or questionnaires.

    Examples
    --------
    >>> count(1012)
    '1,012'
    """
    return f"{value:,.0f}" if known(value) else ABSENT


def places(low: Number, high: Number) -> str:
    """Write a rank set; always a pair, for no single place is published.

    Examples
    --------
    >>> places(28.0, 34.0)
    '第 28 至 34 名'
    """
    return f"第 {low:.0f} 至 {high:.0f} 名" if known(low) and known(high) else ABSENT


def to_fix(record: Record) -> str:
    """Write how sure it is that a driver is important and rated low; under the limit it never reads as the limit.

    Examples
    --------
    >>> to_fix({"p_fix": 97.2, "zone": "fix"}), to_fix({"p_fix": 94.9, "zone": "watch"}), to_fix({})
    ('97%', '94%', '—')
    """
    sure = number(record, "p_fix")
    return confidence(sure if record.get("zone") == "fix" else min(sure, 94.0)) if known(sure) else ABSENT


def sign(name: str, says: str = "") -> Fragment:
    """Draw the sign of a tier or of a certainty (sure, same, listed, above, below, blank) to stand in a line of words.

    `says` is read aloud in its place; a sign beside words that say the same needs none.

    Examples
    --------
    >>> sign("above", "明显高于平均").startswith('<svg class="m" role="img" aria-label="明显高于平均"')
    True
    """
    spoken = f'role="img" aria-label="{escape(says)}"' if says else 'aria-hidden="true"'
    return Fragment(
        f'<svg class="m" {spoken} width="12" height="12" viewBox="0 0 12 12">{SHAPES[name]}</svg>'
    )


def ranked(table: pd.DataFrame) -> bool:
    """Tell whether a table of departments holds tiers and rank sets."""
    return "rank_low" in table and bool(table["rank_low"].notna().any())


def listing(parts: Iterable[str], limit: int = 6) -> str:
    """Name at most `limit` things and say how many there are.

    Examples
    --------
    >>> listing(["融资难", "用工难", "停车难"], limit=2)
    '融资难、用工难等 3 项'
    """
    names = list(parts)
    head = "、".join(names[:limit])
    return head if len(names) <= limit else f"{head}等 {len(names)} 项"


def records(table: pd.DataFrame, extra: Mapping[str, Any]) -> list[Record]:
    """Return the rows of a protected table, each with its `label` and the gate's limits `k` and `min_raters`.

    Without a column of that name the first column is the label.

    Examples
    --------
    >>> records(pd.DataFrame({"label": ["税务局"], "n": [25]}), {"k": 10})
    [{'label': '税务局', 'n': 25, 'k': 10, 'min_raters': 30}]
    """
    name = "label" if "label" in table else table.columns[0]
    limits = {"k": extra.get("k", K), "min_raters": extra.get("min_raters", MIN_RATERS)}
    rows = [
        dict(zip(map(str, table.columns), row, strict=True))
        for row in table.itertuples(index=False, name=None)
    ]
    return [{**row, "label": str(row[str(name)]), **limits} for row in rows]


class Shown(Protocol):
    """What a protected result shows of itself."""

    @property
    def table(self) -> pd.DataFrame:
        """Rows."""

    @property
    def extra(self) -> Mapping[str, Any]:
        """What stands beside the table."""


def variants(sensitivity: Shown, headlines: Shown | None = None, modes: Shown | None = None) -> list[Record]:
    """Return overall satisfaction as it is published (first), then as other ways of computing it give it.

    `headlines` adds the score without the questionnaires in doubt, `modes` the score if all had answered by the
    largest mode.
    """
    rows = records(sensitivity.table, sensitivity.extra)
    for row in [] if headlines is None else records(headlines.table, headlines.extra):
        removed = number(row, "n") - number(row, "without_n")
        if row.get("key") == "overall" and removed > 0 and known(number(row, "without")):
            rows.append(_variant(row, f"不含存疑的 {count(removed)} 份", "without"))
    for row in [] if modes is None else records(modes.table, modes.extra)[:1]:
        if known(number(row, "adjusted")):
            rows.append(_variant(row, f"若都按{row['label']}", "adjusted"))
    return rows


def _variant(row: Record, label: str, name: str) -> Record:
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    return {"label": label, "estimate": row[name], "conf_low": low, "conf_high": high, "support": "full"}


def number(record: Record, name: str) -> float:
    """Return one number of a row; NaN when the column or the value is absent.

    Examples
    --------
    >>> number({"n": 25}, "n"), number({}, "n")
    (25.0, nan)
    """
    value = record.get(name)
    return math.nan if value is None or isinstance(value, str) else float(value)


def secondary(record: Record, name: str, write: Callable[[Number], str]) -> str:
    """Write a share that stands beside the estimate; where the gate left only `<name>_bound`, a bound.

    Examples
    --------
    >>> secondary({"contact": 84.0}, "contact", whole)
    '84%'
    >>> secondary({"contact": math.nan, "contact_bound": 5.0}, "contact", whole)
    '<5%'
    """
    bound = number(record, f"{name}_bound")
    return f"<{write(bound).removeprefix('<')}" if known(bound) else write(number(record, name))


def too_few(record: Record, unit: str = "家") -> str:
    """Say why a row is listed without a number; nothing where it has one.

    The published n is rounded to five, so it may reach the limit that the exact one missed.

    Examples
    --------
    >>> too_few({"shown": "yes", "support": "listed", "n": 25, "min_raters": 30}, "家打分")
    '25 家打分，不足 30 家：只列不排'
    >>> too_few({"shown": "yes", "support": "listed", "n": 30, "min_raters": 30}, "家打分")
    '不足 30 家打分：只列不排'
    >>> too_few({"shown": "hidden", "k": 10})
    '不足 10 家：不公布'
    """
    if record.get("shown") == "hidden":
        return f"不足 {record['k']} 家：不公布"
    if record.get("support") != "listed":
        return ""
    n, least = number(record, "n"), record["min_raters"]
    return f"{n:.0f} {unit}，不足 {least} 家：只列不排" if n < least else f"不足 {least} {unit}：只列不排"


def _decimal(value: float) -> str:
    text = f"{value:.1f}"
    return "0.0" if text == "-0.0" else text.replace("-", MINUS)
