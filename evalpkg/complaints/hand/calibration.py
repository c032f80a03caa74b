"""Shares of themes that hold the machine's errors: everybody by machine, a sample by hand, the difference carried over."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg import estimate, ingest
from evalpkg.complaints.coding import REST, Coded
from evalpkg.complaints.hand.agreement import Agreement, krippendorff, masi
from evalpkg.complaints.hand.filled import listing
from evalpkg.complaints.hand.phases import Phases, two_phase
from evalpkg.complaints.hand.sampling import stratified
from evalpkg.complaints.hand.sheet import Coding
from evalpkg.complaints.hand.workbook import SETTLED

AGREED = 0.667  # alpha under which codes are not to be relied on (Krippendorff 2004)
AVERAGED = "两个人不一致而没有复核的，取两个人的平均"
NAMED = 0.5  # mean of the coders from which a respondent counts as naming a theme


def calibrated(said: Coded | None, coding: Coding | None) -> estimate.Result | None:
    """Give the share of respondents who name each theme, corrected by what people coded.

    Where a third person settled a row, that holds; else the mean of the coders: neither of two who are equally trained is
    nearer the truth, and what they disagree about stays in the error.

    Parameters
    ----------
    said
        Remarks as the machine codes them.
    coding
        A workbook that was filled in (`sheet.read`); None gives None.

    Returns
    -------
    Result or None
        Keys `theme`, `label`; `estimate`, `std_error`, `conf_low`, `conf_high` by machine and hand together, per cent of all
        respondents; `machine`, the share by machine alone, with `machine_count`; `hand`, `hand_low`, `hand_high` by hand
        alone, with `hand_count` of `hand_n` coded; `gain`, by how many per cent the interval is narrower than that of as many
        respondents coded without a machine; `count`, respondents who name the theme, by hand where they were coded.
        Themes that neither finds are left out; most named first, other complaints last. `extra`: `alpha`, `alpha_low`,
        `alpha_high` (`krippendorff` of sets of themes, `masi`; NaN of one coder), `agreement` (alpha of each theme by
        itself), `coded_count`, `notes`.

    Raises
    ------
    ValueError
        The workbook is of another round.
    """
    if said is None or coding is None:
        return None
    survey = said.survey
    if coding.round_id != survey.round.id:
        raise ValueError(f"coding of {coding.round_id}, remarks of {survey.round.id}")
    codes = [*said.lexicon, REST]
    phases = _phases(said, coding, codes)
    seen = (phases.machine.sum(axis=0) + phases.known.sum(axis=0)) > 0
    keys = pd.DataFrame({"theme": codes, "label": [said.labels[code] for code in codes]})[seen]
    phases = _columns(phases, seen)
    table = _table(keys, phases, survey.round.level)
    among = _agreement(said, coding)
    extra = {
        "alpha": among.alpha, "alpha_low": among.low, "alpha_high": among.high, "coded_count": int(phases.coded.sum()),
        "agreement": _by_theme(said, coding, keys), "notes": _notes(said, coding, among),
    }  # fmt: skip
    return estimate.Result(table, "calibrated", "%", "全部有效答卷的企业", survey.n, extra)


def summary(said: Coded, coding: Coding) -> list[str]:
    """Say in Chinese, to the team alone, how far the coders of a workbook agree and what is left to settle."""
    result = calibrated(said, coding)
    assert result is not None
    extra = result.extra
    lines = [
        *ingest.lines(list(coding.problems)),
        f"可以使用：{extra['coded_count']} 家企业已编码，{len(coding.problems)} 处提醒",
    ]
    if np.isfinite(extra["alpha"]):
        weak = f"，低于 {AGREED:.2f}：类别的口径不清，先统一口径再重做" if extra["alpha"] < AGREED else ""
        limits = (
            f"（{extra['alpha_low']:.2f} 至 {extra['alpha_high']:.2f}）"
            if np.isfinite(extra["alpha_low"])
            else ""
        )
        lines.append(f"两个人的一致系数 α＝{extra['alpha']:.2f}{limits}{weak}")
    table = extra["agreement"]
    unlike = table[(table["estimate"] < AGREED) & (table["count"] >= said.survey.round.k)].nsmallest(
        3, "estimate"
    )
    if len(unlike):
        named = "、".join(f"{row.label} {row.estimate:.2f}" for row in unlike.itertuples())
        lines.append(f"最说不到一起的类别：{named}")
    if coding.disputed:
        lines.append(
            f"两个人不一致、还没有复核的：{listing(coding.disputed)}；请第三个人在“{SETTLED}”表里定，不定就取平均"
        )
    return lines + [f"注意：{note}" for note in extra["notes"] if note != AVERAGED]


def _phases(said: Coded, coding: Coding, codes: list[str]) -> Phases:
    survey, table = said.survey, coding.drawn.table
    rows = table.reindex(survey.responses.index)
    hand = coding.values(codes).reindex(survey.responses.index).to_numpy(dtype=float)
    stratum = pd.factorize(rows["stratum"], sort=True)[0]
    probability = rows["probability"].fillna(0).to_numpy(dtype=float)
    return Phases(said.holds(survey, codes), hand, stratum, probability, survey.design)


def _columns(phases: Phases, keep: NDArray[np.bool_]) -> Phases:
    machine, hand = phases.machine[:, keep], phases.hand[:, keep]
    return Phases(machine, hand, phases.stratum, phases.probability, phases.design)


def _table(keys: pd.DataFrame, phases: Phases, level: float) -> pd.DataFrame:
    shares, coded = two_phase(phases), phases.coded[:, None]
    named = np.where(coded, phases.known >= NAMED, phases.machine)
    table = estimate.tidy(keys, shares.both, level, factor=100.0, count=named.sum(axis=0))
    low, high = shares.alone.interval(level)
    table = table.assign(
        machine=100 * phases.weights @ phases.machine, machine_count=phases.machine.sum(axis=0).astype(int),
        hand=100 * shares.alone.estimate, hand_low=100 * low, hand_high=100 * high,
        hand_count=(coded & (phases.known >= NAMED)).sum(axis=0), hand_n=int(coded.sum()),
    )  # fmt: skip
    wide, alone = table["conf_high"] - table["conf_low"], table["hand_high"] - table["hand_low"]
    table["gain"] = 100 * (1 - wide / alone)
    order = table.assign(rest=table["theme"] == REST)
    order = order.sort_values(["rest", "estimate"], ascending=[True, False], kind="stable")
    return order.drop(columns="rest").reset_index(drop=True)


def _agreement(said: Coded, coding: Coding) -> Agreement:
    round_ = said.survey.round
    return krippendorff(*coding.sets(), distance=masi, level=round_.level, seed=round_.seed_for("agreement"))


def _by_theme(said: Coded, coding: Coding, keys: pd.DataFrame) -> pd.DataFrame:
    """Alpha of each theme by itself: which of them coders take for another; `count` respondents somebody names it of."""
    coders, round_ = coding.sets(), said.survey.round
    rows = []
    for theme, label in keys.itertuples(index=False):
        codes = [[None if marks is None else theme in marks for marks in coder] for coder in coders]
        found = krippendorff(*codes, level=round_.level, seed=round_.seed_for(f"agreement {theme}"))
        count = sum(any(marks) for marks in zip(*codes, strict=True))
        rows.append((theme, label, found.alpha, found.std_error, found.low, found.high, found.units, count))
    names = ["theme", "label", "estimate", "std_error", "conf_low", "conf_high", "n", "count"]
    return pd.DataFrame(rows, columns=names)


def _notes(said: Coded, coding: Coding, among: Agreement) -> tuple[str, ...]:
    table = coding.drawn.table
    now = stratified(said).reindex(table.index)
    twice = among.units > 0
    found = {
        "只有一人编码，编码员之间是否一致无从知道": not twice,
        "两个人把所有企业归成同一类，一致系数算不出": twice and bool(np.isnan(among.alpha)),
        AVERAGED: bool(coding.disputed),
        "抽样以后问题词表或归类程序改过：如果是照着编码结果改的，校正会偏小": bool((now != table["stratum"]).any()),
        "写了意见的企业已全部人工编码，占比不再依靠机器": bool((table["id"] != "").all()),
    }  # fmt: skip
    return tuple(note for note, holds in found.items() if holds)
