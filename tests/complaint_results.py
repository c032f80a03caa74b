"""Invented results on complaints as the gate gives them: what the tests of figures, tables and words share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evalpkg.disclosure import Gate, Protected
from evalpkg.estimate import Result

GATE = Gate(k=10, min_raters=30)
ROUNDS = ["2020H2", "2021H1", "2021H2", "2022H1", "2022H2"]
# Code, label, share, half an interval, share in the round before, change, half its interval, direction.
THEMES: list[tuple[str, str, float, float, float, float, float, str]] = [
    ("FIN", "融资难", 34.2, 2.0, 33.1, 1.1, 3.9, "no"), ("ARR", "拖欠账款", 29.6, 2.0, 24.2, 5.4, 3.2, "rising"),
    ("LAB", "用工难", 26.1, 2.2, 27.5, -1.4, 3.7, "no"), ("INSP", "执法检查", 19.8, 2.4, 24.4, -4.6, 3.0, "falling"),
    ("PARK", "停车难", 16.3, 2.2, 15.6, 0.7, 2.9, "no"), ("APPR", "审批办事", 14.9, 2.1, 18.8, -3.9, 2.6, "falling"),
    ("ENV", "环保管控", 12.4, 2.0, 14.0, -1.6, 2.7, "no"), ("UTIL", "水电气成本", 11.7, 1.9, 10.8, 0.9, 2.6, "no"),
    ("POL", "政策落实", 11.2, 1.8, 12.0, -0.8, 2.5, "no"), ("LAND", "用地难", 9.6, 1.7, 9.4, 0.2, 2.2, "no"),
    ("SIGN", "门店招牌", 8.8, 1.6, 8.2, 0.6, 2.2, "no"), ("COMP", "公平竞争", 7.9, 1.6, 7.5, 0.4, 2.1, "no"),
    ("TAX", "税费负担", 7.1, 1.5, 8.1, -1.0, 2.0, "no"), ("LOG", "物流交通", 5.8, 1.4, 2.9, 2.9, 1.8, "rising"),
    ("LEGAL", "司法与合同", 5.5, 1.3, 5.2, 0.3, 1.8, "no"), ("INNO", "创新与数字化", 0.6, 0.4, 0.8, -0.2, 1.4, "no"),
    ("OTHER", "其他", 18.0, 2.3, 15.0, 3.0, 2.6, "rising"),
]  # fmt: skip
KEYS = ["theme", "label", "estimate", "half", "last", "difference", "difference_half", "direction"]
WORDS = {
    "FIN": "抵押、续贷、利率、担保费",
    "ARR": "工程款、结算、质保金、审计",
    "LOG": "限行、通行证、封控、运费",
}
DUTY = {"FIN": "金融局、人民银行、银保监分局（按职责）", "ARR": "财政局、住建局、法院"}


def passed(table: pd.DataFrame, name: str, base: str = "全部有效答卷的企业", **extra: Any) -> Protected:
    found = GATE(Result(table, name, "%", base, 1012, extra))
    assert found is not None
    return found


def _raw() -> pd.DataFrame:
    table = pd.DataFrame(THEMES, columns=KEYS)
    half = table.pop("half")
    return table.assign(
        std_error=half / 2, conf_low=(table["estimate"] - half).clip(lower=0), conf_high=table["estimate"] + half,
        n=1012, count=(10.12 * table["estimate"]).round().astype(int),
    )  # fmt: skip


def themes(**columns: Any) -> Protected:
    """Return sixteen themes and the rest, the last theme under k; three come first for sure."""
    table = _raw()[["theme", "label", "estimate", "std_error", "conf_low", "conf_high", "n", "count"]]
    table["words"] = table["theme"].map(WORDS).fillna("")
    table["departments"] = table["theme"].map(DUTY).fillna("")
    extra = {"lead": 4.6, "lead_low": 1.1, "lead_high": 8.1, "writers": 708}
    return passed(table.assign(**columns), "themes", **extra)


def rising(*, earlier: int = 4, **columns: Any) -> Protected:
    """Return the changes of all themes among all enterprises, and a sure one of the first theme among builders."""
    table = _raw()
    half = table.pop("difference_half")
    family = np.where(table["direction"] == "no", 1.4, 1.1) * half
    table = table.assign(
        group="all", group_label="全部企业", before=table["estimate"] - table["difference"],
        difference_low=table["difference"] - half, difference_high=table["difference"] + half,
        family_low=table["difference"] - family, family_high=table["difference"] + family,
        since_last=table["estimate"] - table["last"], p=0.04, q=0.2, before_count=400, before_n=4000,
        last_count=(10 * table["last"]).round().astype(int), last_n=1000,
    )  # fmt: skip
    if earlier > 1:
        table["last"] = table["last"] + 0.6
    builders = table[table["theme"] == "FIN"].assign(group="F51", group_label="建筑业", direction="rising")
    table = pd.concat([builders, table], ignore_index=True)
    wrote = table[table["theme"] == "FIN"].tail(1).drop(columns=["theme", "label"]).assign(direction="no")
    return passed(table.assign(**columns), "rising", writing=wrote, notes=("与以前 4 轮的平均相比",))


def course(rounds: int = 5) -> Protected:
    """Return the themes over rounds: they wander within their interval until the round before the last."""
    table = _raw()
    tables = []
    for at in range(5 - rounds, 5):
        half = table["estimate"] - table["conf_low"]
        level = table["estimate"] if at == 4 else table["last"] + [0.6, -0.4, 0.3, 0.0][at] * half
        tables.append(table[["theme", "label"]].assign(
            round=ROUNDS[at], estimate=level, std_error=half / 2, conf_low=(level - half).clip(lower=0),
            conf_high=level + half, n=1000, count=(10 * level).round().astype(int),
        ))  # fmt: skip
    return passed(pd.concat(tables, ignore_index=True), "theme_course", "各轮全部有效答卷的企业", notes=())


def by() -> Protected:
    """Return four themes in two groups: one surely more, one surely less; one cell hidden, one under k."""
    rows = [
        {"group": group, "group_label": name, "theme": theme, "label": label, "estimate": 1.0 if (group, at) == ("a", 3) else 30.0 - at, "std_error": 1.0,
         "conf_low": 26.0 - at, "conf_high": 34.0 - at, "difference": 4.0 - at, "n": 4 if (group, at) == ("b", 2) else 300,
         "count": 3 if (group, at) == ("a", 3) else 90, "differs": {("a", 1): "more", ("b", 0): "less"}.get((group, at), "no")}
        for group, name in (("a", "大中型"), ("b", "小微企业")) for at, (theme, label, *_) in enumerate(THEMES[:4])
    ]  # fmt: skip
    return passed(pd.DataFrame(rows), "themes_by_size", notes=("微型太少，没有分开",))


def calibrated(**columns: Any) -> Protected:
    """Return levels corrected by hand: two and a half times as uncertain, the second theme now the first."""
    table = _raw()[["theme", "label", "estimate", "std_error", "conf_low", "conf_high", "n", "count"]]
    machine = table["estimate"]
    level = machine.where(table["theme"] != "ARR", 36.0)
    half = 2.5 * (table["conf_high"] - machine)
    table = table.assign(
        estimate=level,
        machine=machine,
        machine_count=table["count"],
        hand=level,
        gain=12.4,
        conf_low=(level - half).clip(lower=0),
        conf_high=level + half,
    )
    extra = {"alpha": 0.79, "alpha_low": 0.73, "alpha_high": 0.85, "coded_count": 240, "notes": ()}
    return passed(table.assign(**columns), "calibrated", **extra)


def campaigns(**extra: Any) -> Protected:
    """Return two campaigns, one of them of a chamber, and one too small to show; the order of the first three stays."""
    table = pd.DataFrame({
        "campaign": [1, 2, 3], "theme": ["ARR", "PARK", "LAND"], "label": ["拖欠账款", "停车难", "用地难"],
        "n": 1012, "count": [25, 12, 4], "chamber": ["家电商会", "", ""], "district": "", "from_one": ["yes", "no", "no"],
    })  # fmt: skip
    levels = _raw()[["theme", "label", "estimate", "std_error", "conf_low", "conf_high", "n", "count"]]
    fewer = levels["theme"].map({"ARR": 2.4, "PARK": 0.9}).fillna(0.0)
    once = levels.assign(once=levels["estimate"] - fewer, once_count=levels["count"], once_n=1012)
    return passed(
        table,
        "campaigns",
        **{"sensitivity": once, "few_themes": 1, "same_first": 1, "notes": ("每批只按一家计",), **extra},
    )


def beside(**columns: Any) -> Protected:
    """Return two themes beside the difficulty of the same name, one that few tick, one that is no option."""
    shares = {
        "ticked": ([34.2, 26.1, 1.4, np.nan], [345, 265, 12, 0], [1010, 1010, 1010, 0]),
        "wrote": ([30.0, 24.0, 7.1, 5.5], [300, 243, 72, 56], 1012),
        "wrote_of_ticked": ([52.3, 12.4, 25.0, np.nan], [180, 33, 3, 0], [345, 265, 12, 0]),
        "ticked_of_wrote": ([59.6, 13.5, 4.2, np.nan], [180, 33, 3, 0], [300, 243, 72, 0]),
    }
    table = pd.DataFrame(
        {"theme": ["FIN", "LAB", "TAX", "COMP"], "label": ["融资难", "用工难", "税费负担", "公平竞争"]}
    )
    for name, (share, count, n) in shares.items():
        few = np.array(count) < 10
        low, high = np.where(few, np.nan, np.array(share) - 5.0), np.where(few, np.nan, np.array(share) + 5.0)
        table = table.assign(
            **{name: share, f"{name}_low": low, f"{name}_high": high, f"{name}_count": count, f"{name}_n": n}
        )
    table = table.assign(
        odds=[3.1, 1.2, np.nan, np.nan], odds_low=[2.2, 0.8, np.nan, np.nan], n=[1010, 1010, 1010, 1012]
    )
    return passed(table.assign(**columns), "beside", notes=("问卷没有列出、只能写的：公平竞争",))


def others(**columns: Any) -> Protected:
    """Return three groups of the rest: one stable, one loose, one too small for words."""
    table = pd.DataFrame({
        "cluster": [0, 1, 2], "estimate": [2.3, 1.7, 0.4], "std_error": 0.5, "conf_low": [1.3, 0.8, 0.1],
        "conf_high": [3.3, 2.6, 0.9], "jaccard": [82.4, 41.0, 90.0], "stable": [True, False, True],
        "words": ["快递、仓储、网点", "绿化、苗木", ""], "name": ["快递仓储", "", ""], "n": 1012, "count": [23, 17, 4],
    })  # fmt: skip
    return passed(table.assign(**columns), "others", rounds=("2022H1", "2022H2"), respondents_count=44)


def registry(**columns: Any) -> Protected:
    """Return what became of four themes and of a new group: one theme is gone, one reads otherwise than before."""
    table = pd.DataFrame({
        "kind": ["theme"] * 4 + ["cluster"], "id": ["FIN", "ARR", "LOG", "INNO", "2022H2-1"],
        "label": ["融资难", "拖欠账款", "物流交通", "创新与数字化", "新规、备案"],
        "status": ["persists", "changed", "merged", "gone", "new"], "parent": ["", "", "FIN", "", ""],
        "estimate": [34.2, 29.6, 5.8, 0.6, 2.4], "std_error": 0.5, "conf_low": [32.2, 27.6, 4.4, 0.2, 1.4],
        "conf_high": [36.2, 31.6, 7.2, 1.4, 3.9], "n": 1012, "count": [346, 300, 59, 6, 24],
        "before": [33.1, 24.2, 2.9, 1.8, 0.2], "before_count": [331, 242, 29, 18, 2], "before_n": 1000,
        "similarity": [93.4, 41.2, 74.0, np.nan, 22.0], "fresh": np.nan, "words": ["", "", "", "", "新规、备案、窗口"],
    })  # fmt: skip
    return passed(table.assign(**columns), "registry", last="2022H1")
