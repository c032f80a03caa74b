"""Which themes more enterprises raise than before, and which fewer, among all and in groups of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalpkg import estimate
from evalpkg.complaints.coding import REST, Coded
from evalpkg.complaints.differences import Floats, false_discovery
from evalpkg.complaints.groups import divided
from evalpkg.complaints.waves import Change, change, wave
from evalpkg.groups import Group, everybody
from evalpkg.params import ParamsError

if TYPE_CHECKING:
    from evalpkg.survey import Survey


def rising(said: Coded | None) -> estimate.Result | None:
    """Compare the share of respondents who name each theme with the rounds before.

    Parameters
    ----------
    said
        This round and those before it, coded together.

    Returns
    -------
    Result or None
        A row per group and theme: `theme`, `label`; `group` ("all", size classes, kinds of district), `group_label`; the share
        now (`estimate`, `std_error`, `conf_low`, `conf_high`, `n`, `count`); `before`, the mean of the shares in the earlier
        rounds, with `before_count`, `before_n` of them together; `last`, the share in the round before, with `last_count`,
        `last_n`; `difference` from `before` in percentage points with `difference_low`, `difference_high`, and `family_low`,
        `family_high`, which leave 0 out exactly where `q` is small enough; `since_last`, `since_last_low`, `since_last_high`;
        `p`, `q`; `direction`: "rising", "falling" or "no". What would tell of fewer than k respondents is NaN. `extra`:
        `writing` (one such row for whoever complains at all: whether a theme grew, or people only wrote more), `tested`
        (number of rows), `notes` and `left_out` (tuples of Chinese sentences). None where no earlier round can be compared.

    Notes
    -----
    Earlier rounds count equally. Weights by precision would favour the rounds in which a theme was rare, for the variance of a
    share grows with the share: `before` would come out too low, and themes would seem to rise.

    Rounds have other respondents, but chambers may recur: influence functions are summed by cluster over all rounds, so
    that what the members of a chamber say every time cancels from a difference. Respondents who answer alone are taken to be
    others each time. Significance is that of `differences.design_based`. Tested is each row that k respondents name in all
    rounds together: this says nothing of the difference, so that the p-values stay what they are (independent filtering,
    Bourgon, Gentleman & Huber 2010). "rising" takes q <= 1 - level and k who name it now, "falling" k who did before. `q`:
    Benjamini & Hochberg (1995); `family` limits: Benjamini & Yekutieli (2005).
    """
    if said is None:
        return None
    earlier, unlike = _comparable(said)
    if not earlier:
        return None
    rounds, codes, k = (*earlier, said.survey), _codes(said), said.survey.round.k
    groups, few, notes = _groups(said.survey)
    table = _compared([(one, said.holds(one, codes)) for one in rounds], groups)
    writing = _compared([(one, _wrote(said, one)) for one in rounds], [everybody()])
    keys = pd.DataFrame({"theme": codes, "label": [said.labels[code] for code in codes]})
    names = pd.DataFrame({"group": [g.code for g in groups], "group_label": [g.label for g in groups]})
    rows = names.merge(keys, how="cross")[["theme", "label", "group", "group_label"]]
    against = "上一轮" if len(earlier) == 1 else f"以前 {len(earlier)} 轮的平均"
    extra = {
        "writing": _told(writing, k),
        "tested": int(table["p"].notna().sum()),
        "notes": (f"与{against}相比", *notes),
        "left_out": (*unlike, *said.history.missing, *few),
    }
    return estimate.Result(
        pd.concat([rows, _told(table, k)], axis=1),
        "rising",
        "%",
        "组内全部有效答卷的企业",
        said.survey.n,
        extra,
    )


def _comparable(said: Coded) -> tuple[list[Survey], list[str]]:
    """Return the earlier rounds that asked the same questions for remarks, and sentences on the others."""
    asked = _questions(said.survey)
    rounds, left_out = [], []
    for one in said.history.rounds:
        if _questions(one) != asked:
            left_out.append(f"{one.round.id} 的文字题与本轮不同，没有拿来比较")
        elif said.complaints(one).empty:
            left_out.append(f"{one.round.id} 没有可以归类的意见，没有拿来比较")
        else:
            rounds.append(one)
    return rounds, left_out


def _questions(survey: Survey) -> list[tuple[str, str]]:
    return [(item.code, item.title) for item in survey.codebook.by_role("remark")]


def _codes(said: Coded) -> list[str]:
    """Return the themes, most named now first, other complaints last."""
    codes = list(said.labels)
    count = dict(zip(codes, said.holds(said.survey, codes).sum(axis=0), strict=True))
    return sorted(codes, key=lambda code: (code == REST, -count[code]))


def _wrote(said: Coded, survey: Survey) -> Floats:
    return survey.responses.index.isin(said.complaints(survey)["rid"]).astype(float)[:, None]


def _groups(survey: Survey) -> tuple[list[Group], list[str], list[str]]:
    """Return everybody and up to four groups each by size and by kind of district; what was left out; what was merged."""
    groups, left_out, notes = [everybody()], list[str](), list[str]()
    for column in ("size", "district"):
        try:
            division = divided(survey, column)
        except ParamsError:
            left_out.append("没有写明县（区）属于哪一类，不分县（区）比较")
            continue
        if len(division.groups) > 1:
            groups += division.groups
            notes += division.notes
        left_out += division.left_out
    return groups, left_out, notes


def _compared(rounds: Sequence[tuple[Survey, Floats]], groups: Sequence[Group]) -> pd.DataFrame:
    """Compare the last round with those before it; each round with who names what (n, k). A row per group and theme."""
    *before, now = [wave(survey, named, groups) for survey, named in rounds]
    round_ = now.survey.round
    of, since = change(now, before, round_.min_raters), change(now, before[-1:], round_.min_raters)
    p, q, levels = _tested(of, now.count, round_.k, round_.level)
    low, high = of.found.interval(round_.level)
    family_low, family_high = of.found.interval(levels)
    since_low, since_high = since.found.interval(round_.level)
    table = estimate.tidy(
        pd.DataFrame(index=range(len(p))), now.share, round_.level, factor=100.0, count=now.count
    )
    table = table.assign(
        before=100 * of.found.other, before_count=of.counts.sum(axis=0), before_n=of.n.sum(axis=0),
        last=100 * since.found.other, last_count=since.counts.sum(axis=0), last_n=since.n.sum(axis=0),
        difference=100 * of.found.difference, difference_low=100 * low, difference_high=100 * high,
        family_low=100 * family_low, family_high=100 * family_high,
        since_last=100 * since.found.difference, since_last_low=100 * since_low, since_last_high=100 * since_high,
        p=p, q=q,
    )  # fmt: skip
    sure = q <= 1 - round_.level
    up = sure & (table["difference"] > 0) & (table["count"] >= round_.k)
    down = sure & (table["difference"] < 0) & (table["before_count"] >= round_.k)
    table["before"] = table["before"].where(_tells_of_enough(of, round_.k))
    return table.assign(direction=np.select([up, down], ["rising", "falling"], "no"))


def _tested(of: Change, count: Floats, k: int, level: float) -> tuple[Floats, Floats, Floats]:
    """Return p, q and the level of the family limits of each row, (m,)."""
    p = np.where(count + of.counts.sum(axis=0) >= k, of.found.p, np.nan)
    q, rate = false_discovery(p), 1 - level
    tested, found = np.isfinite(p).sum(), (q <= rate).sum()
    rank = np.where(q <= rate, found, np.minimum(found + 1, tested))
    return p, q, np.where(np.isfinite(p), 1 - rate * rank / max(tested, 1), np.nan)


def _tells_of_enough(of: Change, k: int) -> np.ndarray:
    """Tell where a mean over rounds may be known, (m,): each round is published by itself where k name the theme.

    Of the others the mean tells the sum, and of a single one all.
    """
    unknown = of.counted & (of.counts < k)
    many = (unknown.sum(axis=0) > 1) & ((unknown * of.counts).sum(axis=0) >= k)
    return np.asarray(many | ~unknown.any(axis=0))


def _told(table: pd.DataFrame, k: int) -> pd.DataFrame:
    """Blank the differences from which a share of fewer than k respondents could be reckoned back."""
    few = table["count"] < k
    of = [
        f"{name}{end}"
        for name in ("difference", "family")
        for end in ("", "_low", "_high")
        if name + end in table
    ]
    since = ["since_last", "since_last_low", "since_last_high"]
    return table.assign(
        **table[of].mask(few | table["before"].isna() | (table["before_count"] < k)),
        **table[since].mask(few | (table["last_count"] < k)),
    )
