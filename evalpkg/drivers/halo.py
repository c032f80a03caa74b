"""What goes with satisfaction once the respondent's own level, high or low on everything, is taken out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from evalpkg import estimate
from evalpkg.drivers import level as levels
from evalpkg.drivers import sample
from evalpkg.drivers.control import Controlled, beside, controlled
from evalpkg.drivers.drawn import Drawn
from evalpkg.drivers.freedom import degrees
from evalpkg.drivers.importance import DriversError, lmg
from evalpkg.drivers.level import Level
from evalpkg.drivers.sample import Sample

if TYPE_CHECKING:
    from evalpkg.survey import Survey

PER_DRIVER = 10  # respondents with a level; with fewer a tenth of the variance is explained by chance
COLUMNS = (
    "item", "label", "estimate", "std_error", "conf_low", "conf_high", "family_low", "family_high", "sure", "p_holm",
    "n", "plain", "plain_low", "plain_high", "share", "share_low", "share_high", "step",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Fit:
    """Coefficients for one step of each driver (points), shares (0..1) of drivers and of the level; df of the design."""

    sample: Sample
    effects: Drawn
    plain: Drawn
    shares: Drawn
    own: Drawn
    df: float


def halo(survey: Survey) -> estimate.Result | None:
    """Give the coefficients and shares of the drivers with the respondent's own level in the model.

    A respondent who marks everything high shows drivers and satisfaction high together, whatever goes with what. Its level
    is read from its ratings of departments (`level.level`). That reading has an error, and put in as it is would leave
    part of the level to the drivers; the error is known from the spread of the ratings and is taken out of the moments
    (`control.controlled`): two-stage least squares over split halves, averaged over all splits.

    Parameters
    ----------
    survey
        As for `shares`; and `ratings` of departments.

    Returns
    -------
    Result or None
        A row per driver, largest first: `item`, `label`, `estimate` (points of the outcome, 0-100, that go with one `step` of
        the driver's scale), `std_error`, `conf_low`, `conf_high`; `family_low`, `family_high` (all drivers at once,
        Bonferroni) and `sure` (``up``, ``down``, ``no``, by the latter); `p_holm`; `n`; `plain`, `plain_low`, `plain_high`: the
        same respondents without the level; `share`, `share_low`, `share_high`: what the driver adds to the level,
        per cent of the outcome's variance (LMG, level always in). Empty where the level cannot be told apart; `notes` say why.
        `extra`: `halo_share`, `halo_share_low`, `halo_share_high` (per cent of the variance, level alone), `reliability` of the
        level, `reliability_half` of that from half of the ratings (0 to 1), `strength` (see `Controlled`), `outside_count` (respondents
        with fewer than two ratings), `outcome`, `notes`. None when drivers or departments are not asked.

    Raises
    ------
    DriversError
        As `shares`.

    Notes
    -----
    Intervals: t with `freedom.degrees` and the spread of the cluster bootstrap's replicates, gaps filled and
    error taken out in each anew; the departments' means are taken as known. Respondents with fewer than two ratings are outside.
    """
    everyone, own = sample.read(survey), levels.of_respondents(survey)
    if everyone is None or own is None:
        return None
    outside = int((everyone.used & ~own.known).sum())
    found = _fitted(survey, own, len(everyone.items))
    if isinstance(found, str):
        return _result(survey, pd.DataFrame(columns=list(COLUMNS)), everyone, outside, {}, found)
    fit, moments = found
    table = _table(survey, fit).sort_values("estimate", ascending=False, kind="stable", ignore_index=True)
    return _result(survey, table, fit.sample, outside, _beside(survey, fit, moments), "")


def _fitted(survey: Survey, own: Level, p: int) -> tuple[_Fit, Controlled] | str:
    """Fit with and without the level, or say in Chinese why that cannot be done."""
    if own.known.sum() < PER_DRIVER * (p + 1):
        rated = sample.about(int(own.known.sum()), survey.round.k)
        return f"给两个以上部门打过分的企业{rated} 家，至少要 {PER_DRIVER * (p + 1)} 家"
    try:
        read = sample.read(among(survey, own.known))
    except DriversError as error:
        return str(error)
    if read is None:
        return "给两个以上部门打过分的企业没有回答这些题目"
    weights = survey.design.weights
    read = beside(read, own.value, weights, own.known)
    moments = controlled(read, own.error, weights, sample.replicates(survey))
    if moments is None or not moments.separable:
        return "企业之间打分松紧的差别太小或测得不准，与各项因素分不开"
    return _estimates(survey, read, moments), moments


def among(survey: Survey, inside: np.ndarray) -> Survey:
    """Blank the outcome and drivers of respondents outside (n,), who keep their place in the design."""
    asked = [item.code for role in ("outcome", "driver") for item in survey.codebook.by_role(role)]
    columns = [code for code in asked if code in survey.responses]
    answers = survey.responses[columns].astype(float)
    return replace(survey, responses=answers.where(np.repeat(inside[:, None], len(columns), axis=1)))


def _estimates(survey: Survey, read: Sample, moments: Controlled) -> _Fit:
    p, good = len(read.items), moments.possible
    unit = read.scale[0] / read.scale[1 : p + 1] * [item.step for item in read.items]
    right = moments.corrected[good]
    return _Fit(
        sample=read,
        effects=_drawn(slopes(right)[:, :p] * unit),
        plain=_drawn(slopes(moments.plain[:, :-1, :-1]) * unit),
        shares=_drawn(lmg(right, always=(p,))),
        own=_drawn(right[:, :1, -1] ** 2 / (right[:, :1, 0] * right[:, -1:, -1])),
        df=degrees(survey.design, read.used, survey.round.draws),
    )


def slopes(covariance: np.ndarray) -> np.ndarray:
    """Regress the first on all others, (draws, q - 1); of least norm where they are tied."""
    inverse = np.linalg.pinv(covariance[:, 1:, 1:], rcond=1e-8, hermitian=True)
    found: np.ndarray = (inverse @ covariance[:, 1:, :1])[..., 0]
    return found


def _drawn(sets: np.ndarray) -> Drawn:
    return Drawn(sets[0], sets[1:])


def _table(survey: Survey, fit: _Fit) -> pd.DataFrame:
    level, read, p = survey.round.level, fit.sample, len(fit.effects.point)
    low, high = fit.effects.interval(level, fit.df)
    family_low, family_high = fit.effects.interval(1 - (1 - level) / p, fit.df)
    plain_low, plain_high = fit.plain.interval(level, fit.df)
    share_low, share_high = fit.shares.share_interval(level, fit.df)
    columns = {
        "item": [item.code for item in read.items],
        "label": [item.label for item in read.items],
        "estimate": fit.effects.point,
        "std_error": fit.effects.std_error,
        "conf_low": low,
        "conf_high": high,
        "family_low": family_low,
        "family_high": family_high,
        "sure": np.select([family_low > 0, family_high < 0], ["up", "down"], "no"),
        "p_holm": _holm(fit.effects, fit.df),
        "n": (~np.isnan(read.answers[read.used, 1 : p + 1])).sum(axis=0),
        "plain": fit.plain.point,
        "plain_low": plain_low,
        "plain_high": plain_high,
        "share": fit.shares.point * 100,
        "share_low": share_low * 100,
        "share_high": share_high * 100,
        "step": [item.step for item in read.items],
    }
    return pd.DataFrame(columns)[list(COLUMNS)]


def _holm(effects: Drawn, df: float) -> np.ndarray:
    """Two-sided p-values that the driver has nothing of its own, adjusted for all of them by Holm (1979)."""
    error = effects.std_error
    t = np.divide(effects.point, error, out=np.zeros_like(error), where=error > 0)
    p = np.asarray(2 * stats.t.sf(np.abs(t), df))
    order = np.argsort(p, kind="stable")
    adjusted: np.ndarray = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    return adjusted.clip(max=1.0)


def _beside(survey: Survey, fit: _Fit, moments: Controlled) -> dict[str, float]:
    low, high = fit.own.share_interval(survey.round.level, fit.df)
    whole = moments.reliability
    return {
        "halo_share": float(fit.own.point[0]) * 100,
        "halo_share_low": float(low[0]) * 100,
        "halo_share_high": float(high[0]) * 100,
        "reliability": whole,
        "reliability_half": whole / (2 - whole),
        "strength": moments.strength,
    }


def _result(
    survey: Survey, table: pd.DataFrame, read: Sample, outside: int, found: dict[str, float], fault: str
) -> estimate.Result:
    notes = [f"没有扣除打分松紧：{fault}"] if fault else []
    if outside:
        few = sample.about(outside, survey.round.k)
        notes.append(f"{few} 家企业打过分的部门不足两个，看不出打分松紧，没有计入扣除后的结果")
    extra = {**found, "outside_count": outside, "outcome": read.outcome.label, "notes": tuple(notes)}
    base = "给两个以上部门打过分的企业"
    return estimate.Result(table, "halo", "分", base, len(survey.responses), extra)
