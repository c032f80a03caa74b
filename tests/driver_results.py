"""Invented results on drivers and policies as the gate gives them: what the tests of figures, tables and words share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evalpkg.disclosure import Gate, Protected
from evalpkg.estimate import Result

GATE = Gate(k=10, min_raters=30)
LABELS = [
    "办事效率", "政策落实兑现", "诉求回应", "服务态度", "公开透明", "网办便利", "执法规范", "廉洁自律", "主动服务",
]  # fmt: skip
SHARES = np.array([16.4, 14.1, 9.7, 8.9, 7.3, 6.0, 5.1, 3.6, 2.9])
SCORES = np.array([66.8, 65.9, 64.6, 78.8, 72.6, 80.4, 74.0, 81.7, 68.1])
STAGES = {"aware": "知道", "eligible": "知道且符合条件", "applied": "申请了", "received": "已享受"}
REACHED = {
    "减税降费": [82.1, 60.3, 51.2, 44.8],
    "稳岗返还": [55.3, 30.4, 22.2, 18.3],
    "贷款贴息": [48.5, 25.1, 9.4, 0.5],
}


def passed(table: pd.DataFrame, name: str, unit: str = "%", **extra: Any) -> Protected:
    found = GATE(Result(table, name, unit, "回答了该项的企业", 1012, extra))
    assert found is not None
    return found


def drivers(extra: dict[str, Any] | None = None, **columns: Any) -> Protected:
    """Return nine drivers: two surely to fix, one uncertain; `columns` replace some of the table."""
    half = 0.2 * SHARES
    table = pd.DataFrame({
        "item": [f"D{at}" for at in range(9)], "label": LABELS, "estimate": SHARES, "std_error": half / 2,
        "conf_low": SHARES - half, "conf_high": SHARES + half, "n": 990,
        "p_first": [74.0, 26, 0.2, 0, 0, 0, 0, 0, 0],
        "rank_low": [1.0, 1, 3, 3, 3, 4, 5, 7, 7], "rank_high": [2.0, 2, 6, 6, 7, 8, 8, 9, 9],
        "halo": [9.8, 8.6, 5.2, 2.1, 4.4, 3.9, 2.6, 1.0, 1.3],
        "score": SCORES, "score_low": SCORES - 1.3, "score_high": SCORES + 1.3,
        "p_fix": [97.0, 95.2, 62, 0, 8, 0.2, 2, 0, 4], "zone": ["fix", "fix", "watch", "keep", *["later"] * 5],
        "ellipse_sd_x": 0.8, "ellipse_sd_y": half / 2, "ellipse_r": [-0.2, 0.1, 0, 0.1, 0, 0, 0, 0.3, 0],
    })  # fmt: skip
    usual = {
        "outcome": "总体满意度", "r2": 74.0, "r2_low": 70.1, "r2_high": 77.6, "mean_share": float(SHARES.mean()),
        "mean_score": 72.6, "ellipse_t": 2.5, "left_out": (), "notes": (),
    }  # fmt: skip
    return passed(table.assign(**columns), "drivers", **{**usual, **(extra or {})})


def effects(
    labels: list[str], estimate: list[float], half: list[float], *, n: Any = 900, **extra: Any
) -> Protected:
    """Return effects whose simultaneous interval is half as wide again, and what that leaves sure."""
    middle, reach = np.array(estimate), np.array(half)
    family = 1.5 * reach
    table = pd.DataFrame({
        "label": labels, "estimate": middle, "std_error": reach / 2, "conf_low": middle - reach,
        "conf_high": middle + reach, "family_low": middle - family, "family_high": middle + family, "n": n,
        "sure": np.select([middle - family > 0, middle + family < 0], ["up", "down"], "no"),
    })  # fmt: skip
    return passed(table, "effects", "分", **{"outcome": "总体满意度", "notes": (), **extra})


THEMES = effects(
    ["拖欠账款", "融资难", "招工难", "停车难", "海关通关", "消防"],
    [-6.3, -2.2, 5.0, 1.4, -9.9, -8.8],
    [2.5, 1.9, 2.0, 2.0, 1.0, 1.0],
    n=[290, 340, 150, 50, 20, 4],
    controls=("规模", "行业"),
)


def funnel(**extra: Any) -> Protected:
    """Return three policies of four stages; the last of the third is under k."""
    rows = [
        {"policy": f"P{at}", "label": label, "stage": stage, "stage_label": STAGES[stage], "estimate": value,
         "std_error": 1.2, "conf_low": max(value - 5, 0.1), "conf_high": value + 5, "n": 1000, "count": int(10 * value)}
        for at, (label, values) in enumerate(REACHED.items()) for stage, value in zip(STAGES, values, strict=True)
    ]  # fmt: skip
    lost = pd.DataFrame({
        "policy": ["P0", "P1", "P2"], "label": list(REACHED), "stage": ["aware", "aware", "applied"],
        "stage_label": ["没听说过", "没听说过", "没有申请"], "estimate": [17.9, 44.7, 62.5], "n": 1000, "count": 300, "std_error": 2.0,
        "among": ["全部企业", "全部企业", "知道且符合条件的企业"],
        "lead": [5.0, 15, 8], "lead_low": [1.0, 10, -2], "lead_high": [9.0, 20, 18],
    })  # fmt: skip
    basis = "流失的百分比：“没听说过”占全部企业，“没有申请”占知道且符合条件的企业"
    return passed(pd.DataFrame(rows), "policies", **{"lost": lost, "basis": basis, "notes": (), **extra})


def by_group() -> Protected:
    """Return three drivers in two groups, one cell surely more, one surely less, one group's driver hidden."""
    rows = [
        {"group": group, "group_label": name, "item": label, "label": label, "estimate": 10.0 - at, "std_error": 1.0,
         "conf_low": 8.0, "conf_high": 12.0, "n": 4 if (group, at) == ("b", 2) else 300, "relative": 40.0 - 5 * at,
         "difference": 12.0 - at, "differs": {("a", 0): "more", ("b", 1): "less"}.get((group, at), "no")}
        for group, name in (("a", "大中型"), ("b", "小微企业")) for at, label in enumerate(LABELS[:3])
    ]  # fmt: skip
    return passed(pd.DataFrame(rows), "drivers_by_size", left_out=("微型太少",), notes=())


def ways(kept: tuple[str, ...] = ("不加权", "扣除打分松紧"), moved: tuple[str, ...] = ()) -> Protected:
    """Return the shares in other ways of computing; one way could not be computed."""
    table = pd.DataFrame({
        "item": LABELS, "label": LABELS, "estimate": SHARES, "n": 990, "complete": SHARES + 0.3,
        "unweighted": SHARES - 0.4, "unflagged": np.nan, "johnson": SHARES + 0.1, "halo": SHARES / 2,
    })  # fmt: skip
    extra = {"first_two": tuple(LABELS[:2]), "kept": kept, "moved": moved, "notes": ("存疑的不足 10 份",)}
    return passed(table, "driver_sensitivity", **extra)
