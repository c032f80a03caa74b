"""Which service dimensions go with overall satisfaction, how strongly and how surely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special, stats

from evalpkg import estimate
from evalpkg.drivers.importance import TOLERANCE, DriversError, lmg
from evalpkg.drivers.incomplete import Moments, moments

if TYPE_CHECKING:
    from evalpkg.codebook import Item
    from evalpkg.survey import Survey

REPLICATE_TOLERANCE = 1e-4  # of a moment; a replicate's own spread is some hundred times larger
TAUTOLOGY = 90.0  # R2 in per cent from which the outcome looks computed from the drivers
SMALLEST_SHARE = 1e-6  # keeps the logit finite in replicates where a driver happens to be constant


def shares(survey: Survey) -> estimate.Result | None:
    """Divide the explained variance of overall satisfaction among the service dimensions.

    Association, not cause. LMG shares of R2 from weighted moments of all answers given (`incomplete.moments`:
    nobody is dropped for a skipped item); every replicate of the cluster bootstrap treats the gaps anew.

    Parameters
    ----------
    survey
        Roles used: one ``outcome`` and up to 20 ``driver`` items, all numeric.

    Returns
    -------
    Result or None
        A row per driver, largest share first: `item`, `label`, `estimate` (percentage points of the outcome's
        variance; they sum to R2 x 100), `std_error`, `conf_low`, `conf_high`, `n` (respondents who answered
        the item), `p_first` (per cent of replicates in which it is the largest), `score`, `score_low`,
        `score_high` (its own mean, 0-100).
        `extra`: `outcome` (label), `r2`, `r2_low`, `r2_high` (per cent), `complete` (per cent of those who
        answered anything here that answered everything), `draws`; `left_out` and `notes`, tuples of Chinese
        sentences on drivers not analysed and on what limits the shares.
        None when the survey has no such items or nobody answered them.

    Raises
    ------
    DriversError
        Too many drivers, too few respondents, no usable driver, or an outcome on which all agree.

    Notes
    -----
    Interval: ``logit(share) +- t * sd(logit of the replicates)``, with the design's degrees of freedom; in
    simulation nearer its level than percentiles when there are few clusters.
    """
    outcome, items = survey.codebook.one("outcome"), survey.codebook.by_role("driver")
    items = [item for item in items if item.code in survey.responses]
    if outcome is None or outcome.code not in survey.responses or not items:
        return None
    answers = pd.DataFrame({item.code: item.to100(survey.responses[item.code]) for item in [outcome, *items]})
    if answers[outcome.code].isna().all() or answers.iloc[:, 1:].isna().all(axis=None):
        return None
    kept, left_out = _usable(answers, outcome, items)
    if not kept:
        raise DriversError(f"影响因素：没有一项可以分析（{'；'.join(left_out)}）；请检查这些题目的数据")
    sample = _sample(survey, answers[[outcome.code, *(item.code for item in kept)]], outcome)
    return _result(survey, sample, outcome, kept, left_out)


@dataclass(frozen=True)
class _Sample:
    """Answers (n, p+1) on 0-100, outcome first; the same `standardised`; which rows are `used` (n,)."""

    answers: np.ndarray
    standardised: np.ndarray
    used: np.ndarray


def _usable(answers: pd.DataFrame, outcome: Item, items: list[Item]) -> tuple[list[Item], tuple[str, ...]]:
    """Return the drivers that can be analysed, and a sentence on each that cannot."""
    faults = {item.code: _fault(answers[item.code], answers[outcome.code]) for item in items}
    kept = [item for item in items if not faults[item.code]]
    return kept, tuple(f"“{item.label}”未列入：{faults[item.code]}" for item in items if faults[item.code])


def _fault(driver: pd.Series, outcome: pd.Series) -> str:
    if driver.notna().sum() == 0:
        return "没有企业回答这一项"
    if driver.min() == driver.max():
        return "所有企业的打分都相同，无从比较"
    if driver[outcome.notna()].nunique() < 2:
        return "同时回答这一项和总体满意度的企业太少"
    return ""


def _sample(survey: Survey, answers: pd.DataFrame, outcome: Item) -> _Sample:
    values = answers.to_numpy()
    used = ~np.isnan(values).all(axis=1)
    size, p = int(used.sum()), values.shape[1] - 1
    if answers[outcome.code].nunique() < 2:
        raise DriversError(
            f"影响因素：所有企业对“{outcome.label}”的回答都相同，没有差别可以解释；请检查这一题的数据"
        )
    if size <= p + 1:
        raise DriversError(
            f"影响因素：只有 {size} 家企业作答，要分析 {p} 项因素至少要 {p + 2} 家；请减少因素或补充问卷"
        )
    return _Sample(values, _standardise(values, survey.design.weights), used)


def _standardise(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Bring every column to weighted mean 0 and variance 1 over the answers given."""
    given = np.where(np.isnan(values), 0.0, weights[:, None])
    given = given / given.sum(axis=0)
    centred: np.ndarray = values - (given * np.nan_to_num(values)).sum(axis=0)
    centred /= np.sqrt((given * np.nan_to_num(centred) ** 2).sum(axis=0))
    return centred


def _result(
    survey: Survey, sample: _Sample, outcome: Item, kept: list[Item], left_out: tuple[str, ...]
) -> estimate.Result:
    round_ = survey.round
    replicates = estimate.replicate_weights(survey.design, round_.draws, round_.seed_for("drivers"))
    point, draws = _moments(sample, survey.design.weights, replicates)
    share, drawn = lmg(point.covariance[0]), lmg(draws.covariance)
    drawn = drawn[~np.isnan(drawn).any(axis=1)]
    score = estimate.mean(sample.answers[:, 1:], survey.design)
    t = float(stats.t.ppf(0.5 + round_.level / 2, survey.design.df))
    table = _table(kept, sample, share, drawn, t)
    low, high = score.interval(round_.level)
    table = table.assign(score=score.estimate, score_low=low, score_high=high)
    r2_low, r2_high = _interval(share.sum(keepdims=True), drawn.sum(axis=1, keepdims=True), t)
    extra = {
        "outcome": outcome.label,
        "r2": float(share.sum()) * 100,
        "r2_low": float(r2_low[0]) * 100,
        "r2_high": float(r2_high[0]) * 100,
        "complete": _complete(sample, survey.design.weights),
        "draws": len(drawn),
        "left_out": left_out,
        "notes": _notes(point, share, outcome, kept),
    }
    ordered = table.sort_values("estimate", ascending=False, kind="stable", ignore_index=True)
    base = f"至少回答了“{outcome.label}”或其中一项的企业"
    return estimate.Result(ordered, "drivers", "%", base, len(survey.responses), extra)


def _moments(sample: _Sample, weights: np.ndarray, replicates: np.ndarray) -> tuple[Moments, Moments]:
    """Moments under the survey's weights (one set) and under each replicate's."""
    values = sample.standardised[sample.used]
    point = moments(values, weights[sample.used, None])
    return point, moments(values, replicates[sample.used], start=point, tolerance=REPLICATE_TOLERANCE)


def _table(kept: list[Item], sample: _Sample, share: np.ndarray, drawn: np.ndarray, t: float) -> pd.DataFrame:
    low, high = _interval(share, drawn, t)
    first = np.bincount(drawn.argmax(axis=1), minlength=len(kept)) / len(drawn)
    return pd.DataFrame(
        {
            "item": [item.code for item in kept],
            "label": [item.label for item in kept],
            "estimate": share * 100,
            "std_error": drawn.std(axis=0, ddof=1) * 100,
            "conf_low": low * 100,
            "conf_high": high * 100,
            "n": (~np.isnan(sample.answers[:, 1:])).sum(axis=0),
            "p_first": first * 100,
        }
    )


def _interval(share: np.ndarray, drawn: np.ndarray, t: float) -> tuple[np.ndarray, np.ndarray]:
    """Return limits (k,), (k,) symmetric on the logit: they stay between nothing and all of the variance."""
    spread = t * _logit(drawn).std(axis=0, ddof=1)
    return special.expit(_logit(share) - spread), special.expit(_logit(share) + spread)


def _logit(share: np.ndarray) -> np.ndarray:
    inside: np.ndarray = special.logit(np.clip(share, SMALLEST_SHARE, 1 - SMALLEST_SHARE))
    return inside


def _complete(sample: _Sample, weights: np.ndarray) -> float:
    """Weighted per cent of the respondents used who answered the outcome and every driver."""
    whole = ~np.isnan(sample.answers).any(axis=1)
    return float(weights[whole].sum() / weights[sample.used].sum()) * 100


def _notes(point: Moments, share: np.ndarray, outcome: Item, kept: list[Item]) -> tuple[str, ...]:
    """Say what a reader must know before trusting the shares."""
    notes = []
    tied = [kept[j].label for j in _tied(point.covariance[0][1:, 1:])]
    if tied:
        notes.append(f"“{'”“'.join(tied)}”可以由彼此完全推出，数据分不开各自的作用，份额按平均分摊")
    if share.sum() * 100 >= TAUTOLOGY:
        notes.append(
            f"各项解释了“{outcome.label}”差别的九成以上，请检查它是不是由各项计算得来，若是则份额没有意义"
        )
    if point.change > REPLICATE_TOLERANCE:
        notes.append("缺项太多，插补没有收敛，份额仅供参考")
    return tuple(notes)


def _tied(covariance: np.ndarray) -> np.ndarray:
    """Drivers that are linear combinations of others, by the directions in which the drivers do not vary."""
    values, vectors = np.linalg.eigh(covariance)
    empty = vectors[:, values <= max(TOLERANCE, 1e-7)]
    return np.flatnonzero((np.abs(empty) > 1e-3).any(axis=1))
