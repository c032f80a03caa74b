"""What goes with being satisfied: a proportional-odds model of the ordered outcome on all drivers at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalpkg import estimate, ordinal
from evalpkg.drivers import sample
from evalpkg.drivers.importance import DriversError
from evalpkg.drivers.imputation import completed
from evalpkg.drivers.incomplete import Moments
from evalpkg.drivers.rubin import pooled
from evalpkg.drivers.sample import Sample
from evalpkg.estimate import Estimate
from evalpkg.ordinal import OrdinalError

if TYPE_CHECKING:
    from evalpkg.survey import Survey

SATISFIED = 75.0  # on 0-100: 4 of 1-5, 8 of 0-10; from here an enterprise counts as satisfied
PASSED = 60.0  # the other cut at which proportionality is tested
OWN = 1e-6  # part of a driver's variance that the others must leave for it to have an effect of its own


def odds(survey: Survey, *, imputations: int = 20) -> estimate.Result | None:
    r"""Give how much likelier an enterprise is satisfied per step on each driver, the others being equal.

    Association, not cause. A weighted proportional-odds model of the outcome, all its levels kept; the effect of a
    driver is b_j times the logistic density at the threshold of being satisfied, averaged over the enterprises by
    weight (`ordinal.OrdinalFit.marginal_effects`). Drivers not answered are drawn `imputations` times from their normal
    distribution given the answers, each time under the moments of another bootstrap replicate; the results are combined by
    Rubin's rules. Who did not answer the outcome informs the moments only.

    Parameters
    ----------
    survey
        Roles used: one ``outcome`` and the ``driver`` items.
    imputations
        At least 2; not needed where nobody left a gap.

    Returns
    -------
    Result or None
        `item`, `label`, `estimate` (percentage points of P(satisfied) per step of the item's scale), `std_error`, `conf_low`,
        `conf_high`, `family_low`, `family_high` (all drivers at once, Bonferroni), `sure` (``up``, ``down``, ``no``, by the
        latter), `n` (who answered the item and the outcome). Largest first.
        `extra`: `outcome`, `threshold` (the lowest level that counts as satisfied), `base_share` (per cent satisfied of those
        who answered), `imputations` (0 where nothing was missing), `brant_p` (median over the imputations, NaN where it
        cannot be tested), `left_out`, `notes`.
        None when the survey has no such items or nobody answered them.

    Raises
    ------
    DriversError
        As `shares`; fewer than 2 imputations where there are gaps; nobody or everybody is satisfied; drivers that separate
        the levels.

    Notes
    -----
    McCullagh (1980); Rubin (1987); degrees of freedom: Barnard & Rubin (1999). Brant's test is made at two cuts, 60 and 75
    points: at all cuts of a 0-10 outcome it needs more degrees of freedom than a cluster sample has.
    """
    read = sample.read(survey)
    if read is None:
        return None
    threshold = _threshold(read)
    sets, read, imputed = _completions(survey, read, imputations)
    table = _table(survey, read, pooled([_effects(survey, read, values, threshold) for values in sets]))
    brant_p = _brant(survey, read, sets)
    satisfied = estimate.share(_satisfied(read, threshold), survey.design)
    extra = {
        "outcome": read.outcome.label,
        "threshold": _label(survey, read, threshold),
        "base_share": float(satisfied.estimate[0]) * 100,
        "imputations": imputed,
        "brant_p": brant_p,
        "left_out": read.left_out,
        "notes": _notes(read, imputed, brant_p),
    }
    base = f"回答了“{read.outcome.label}”的企业"
    return estimate.Result(table, "odds", "%", base, len(survey.responses), extra)


def _threshold(read: Sample) -> float:
    """Give the lowest level given, on 0-100, that counts as satisfied."""
    levels = np.unique(read.answers[~np.isnan(read.answers[:, 0]), 0])
    reached = levels[levels >= SATISFIED - 1e-9]
    if not len(reached) or len(reached) == len(levels):
        who = "没有企业" if not len(reached) else "所有企业"
        raise DriversError(
            f"影响因素（有序模型）：{who}的“{read.outcome.label}”达到 {SATISFIED:g} 分，"
            "两边都要有企业才能分析；请改看得分的分析"
        )
    return float(reached[0])


def _satisfied(read: Sample, threshold: float) -> np.ndarray:
    outcome = read.answers[:, 0]
    return np.where(np.isnan(outcome), np.nan, outcome >= threshold)


def _label(survey: Survey, read: Sample, threshold: float) -> str:
    """Name the threshold in the words, or in the numbers, of the question."""
    raw = np.asarray(survey.responses[read.outcome.code], dtype=float)
    level = float(raw[read.answers[:, 0] == threshold][0])
    named = {value: text for text, value in (read.outcome.scale.labels if read.outcome.scale else {}).items()}
    return f"“{named[level]}”及以上" if level in named else f"{level:g} 分及以上"


def _completions(survey: Survey, read: Sample, imputations: int) -> tuple[list[np.ndarray], Sample, int]:
    """Return drivers without gaps (n, p) in steps, how many times they were drawn, and what is analysed."""
    seed = survey.round.seed_for("odds")
    replicates = estimate.replicate_weights(survey.design, max(imputations, 1), seed)
    point, drawn = sample.fitted(read, survey.design.weights, replicates)
    kept = _own(point)
    steps = np.array([item.step for item in read.items])
    answered = ~np.isnan(read.answers[:, 0])
    if not np.isnan(read.answers[answered]).any():
        sets, imputed = [read.answers[:, 1:]], 0
    else:
        if imputations < 2:
            raise DriversError(
                f"影响因素（有序模型）：插补次数是 {imputations}，有缺项时至少要 2 次；例如 20"
            )
        sets, imputed = _draws(read, drawn, imputations, seed), imputations
    return [(values / steps)[:, kept] for values in sets], _without(read, kept), imputed


def _draws(read: Sample, moments: Moments, imputations: int, seed: int) -> list[np.ndarray]:
    """Draw the drivers of those who answered the outcome, one completion a replicate; the others stay NaN."""
    rng, answered = np.random.default_rng(seed), ~np.isnan(read.answers[:, 0])
    sets = []
    for number in range(imputations):
        values = np.full(read.answers.shape, np.nan)
        values[answered] = completed(read.standardised[answered], moments, number, rng)
        sets.append((values * read.scale + read.centre)[:, 1:])
    return sets


def _own(point: Moments) -> np.ndarray:
    """Say which drivers are not determined by those before them, (p,) bool."""
    left = point.covariance[0][1:, 1:].copy()
    whole, kept = np.diagonal(left).copy(), np.zeros(len(left), dtype=bool)
    for j in range(len(left)):
        kept[j] = left[j, j] > OWN * whole[j]
        if kept[j]:
            left -= np.outer(left[:, j], left[j]) / left[j, j]
    return kept


def _without(read: Sample, kept: np.ndarray) -> Sample:
    """Take out the drivers that others determine, and say so."""
    pairs = list(zip(read.items, kept, strict=True))
    said = tuple(f"“{item.label}”未列入：可以由其他各项完全推出" for item, keep in pairs if not keep)
    columns = np.r_[True, kept]
    return replace(
        read,
        items=tuple(item for item, keep in pairs if keep),
        left_out=(*read.left_out, *said),
        answers=read.answers[:, columns],
        centre=read.centre[columns],
        scale=read.scale[columns],
    )


def _effects(survey: Survey, read: Sample, drivers: np.ndarray, threshold: float) -> Estimate:
    columns = pd.DataFrame(drivers, columns=[item.code for item in read.items])
    try:
        return ordinal.fit(read.answers[:, 0], columns, design=survey.design).marginal_effects(threshold)
    except OrdinalError as error:
        raise DriversError(f"影响因素（有序模型）：{error}") from error


def _brant(survey: Survey, read: Sample, sets: list[np.ndarray]) -> float:
    """Give Brant's p-value at the two cuts, the median over the completions; NaN where it cannot be tested."""
    outcome = read.answers[:, 0]
    bands = np.where(np.isnan(outcome), np.nan, (outcome >= PASSED).astype(float) + (outcome >= SATISFIED))
    try:
        tests = [ordinal.brant(ordinal.fit(bands, values, design=survey.design)) for values in sets]
    except OrdinalError:
        return float("nan")
    return float(np.median([test.p_value for test in tests]))


def _table(survey: Survey, read: Sample, effects: Estimate) -> pd.DataFrame:
    level, p = survey.round.level, len(read.items)
    low, high = effects.interval(level)
    family_low, family_high = effects.interval(1 - (1 - level) / p)
    answered = ~np.isnan(read.answers)
    table = pd.DataFrame(
        {
            "item": [item.code for item in read.items],
            "label": [item.label for item in read.items],
            "estimate": effects.estimate * 100,
            "std_error": effects.std_error * 100,
            "conf_low": low * 100,
            "conf_high": high * 100,
            "family_low": family_low * 100,
            "family_high": family_high * 100,
            "sure": np.select([family_low > 0, family_high < 0], ["up", "down"], "no"),
            "n": (answered[:, 1:] & answered[:, :1]).sum(axis=0),
        }
    )
    return table.sort_values("estimate", ascending=False, kind="stable", ignore_index=True)


def _notes(read: Sample, imputed: int, brant_p: float) -> tuple[str, ...]:
    """Say who is in the model, how gaps were treated and whether its assumption holds."""
    notes = []
    if np.isnan(read.answers[:, 0]).any():
        notes.append(f"没有回答“{read.outcome.label}”的企业不列入这一模型")
    if imputed:
        notes.append(f"没有回答的各项按其他回答插补 {imputed} 次，再合并结果，误差已计入插补的不确定")
    if np.isnan(brant_p):
        notes.append("数据不足以检验各项在不同分数段的关联是否一致")
    elif brant_p < 0.05:
        notes.append("各项与达到 60 分、达到 75 分的关联强弱不一，所列是平均的关联")
    return tuple(notes)
