"""What goes with the rating of one department among those who rated it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalpkg import estimate
from evalpkg.drivers import collinearity, sample
from evalpkg.drivers import level as levels
from evalpkg.drivers.control import beside, controlled
from evalpkg.drivers.drawn import Drawn
from evalpkg.drivers.freedom import degrees
from evalpkg.drivers.halo import among
from evalpkg.drivers.importance import DriversError, lmg
from evalpkg.drivers.sample import Sample
from evalpkg.drivers.share_table import explained, share_table

if TYPE_CHECKING:
    from evalpkg.codebook import Item
    from evalpkg.survey import Survey

PER_DRIVER = 10  # raters; with fewer, drivers that tell nothing explain a tenth of the variance by chance
OTHERS = 0.5  # of the raters who must have rated another department too, for their level to be taken out


@dataclass(frozen=True, eq=False)
class _Fit:
    """Shares (0..1) of the drivers, what the level takes by itself, df of the design among the raters."""

    sample: Sample
    shares: Drawn
    own: float
    df: float
    drivers: np.ndarray  # covariance (p, p), standardised
    notes: tuple[str, ...]


def department(survey: Survey, code: str) -> estimate.Result | None:
    """Divide the explained variance of one department's rating among the service dimensions.

    Association, not cause. Only raters of the department count. What a respondent gives to its OTHER departments
    (`level.level`, its error taken out, see `control.controlled`) is in every model, so that high marks for everything are
    not taken for what goes with this department.

    Parameters
    ----------
    survey
        Roles used: ``driver`` and ``rating`` items.
    code
        Of a department.

    Returns
    -------
    Result or None
        As `shares`, largest share first: `item`, `label`, `estimate` (per cent of the variance of the rating), `std_error`,
        `conf_low`, `conf_high`, `n`, `p_first`, `rank_low`, `rank_high`. `extra`: `department` (label), `code`, `raters_count`, `r2`,
        `r2_low`, `r2_high` (drivers beside the level, per cent), `halo_share` (level by itself; NaN where it is not taken
        out), `left_out`, `notes`. None when the survey has no drivers, or nobody rated the department or answered them.

    Raises
    ------
    DriversError
        An unknown department, too few raters (the round's ``min_raters`` or ten a driver), no usable driver,
        raters who all agree.
    """
    item = _item(survey, code)
    rating = item.to100(survey.ratings.get(code, pd.Series(np.nan, index=survey.responses.index)))
    raters = ~np.isnan(rating) & (survey.design.weights > 0)
    asked = [driver for driver in survey.codebook.by_role("driver") if driver.code in survey.responses]
    if not asked or not raters.any():
        return None
    _check(survey, item, int(raters.sum()), len(asked))
    read = sample.read(among(survey, raters), outcome=item, outcome_values=np.where(raters, rating, np.nan))
    if read is None:
        return None
    return _result(survey, item, _fitted(survey, read, raters, code))


def _item(survey: Survey, code: str) -> Item:
    known = {item.department: item for item in survey.codebook.by_role("rating") if item.department}
    if code not in known:
        names = "、".join(known) or "无"
        raise DriversError(f"部门的影响因素：没有代码为“{code}”的部门；可用的代码是 {names}；请核对")
    return known[code]


def _check(survey: Survey, item: Item, raters: int, p: int) -> None:
    fewest = max(survey.round.min_raters, PER_DRIVER * p)
    if raters < fewest:
        raise DriversError(
            f"“{item.label}”的影响因素：打分的企业{sample.about(raters, survey.round.k)} 家，分析 {p} 项因素至少要 {fewest} 家；"
            "请减少因素，或只看全部部门"
        )


def _fitted(survey: Survey, read: Sample, raters: np.ndarray, code: str) -> _Fit:
    """Fit with the level where it can be told apart, else without, aloud."""
    weights, replicates, p = survey.design.weights, sample.replicates(survey), len(read.items)
    df = degrees(survey.design, raters, survey.round.draws)
    own = levels.of_respondents(survey, without=code)
    if own is not None and (own.known & raters).sum() >= OTHERS * raters.sum():
        moments = controlled(
            beside(read, np.where(own.known, own.value, np.nan), weights, raters),
            own.error,
            weights,
            replicates,
        )
        if moments is not None and moments.separable:
            right = moments.corrected[moments.possible]
            found = lmg(right, always=(p,))
            alone = float(right[0, 0, -1] ** 2 / (right[0, 0, 0] * right[0, -1, -1]))
            return _Fit(read, Drawn(found[0], found[1:]), alone, df, right[0, 1:-1, 1:-1], ())
    point, draws = sample.fitted(read, weights, replicates)
    shares = Drawn(lmg(point.covariance[0]), lmg(draws.covariance))
    note = "打分者很少评其他部门，或打分松紧与各项因素分不开，没有扣除打分松紧：份额里含有它"
    return _Fit(read, shares, np.nan, df, point.covariance[0, 1:, 1:], (note,))


def _result(survey: Survey, item: Item, fit: _Fit) -> estimate.Result:
    level, seed = survey.round.level, survey.round.seed_for("department drivers")
    table = share_table(fit.sample, fit.shares, fit.df, level, seed)
    table = table.sort_values("estimate", ascending=False, kind="stable", ignore_index=True)
    extra = {
        "department": item.label,
        "code": item.department,
        "raters_count": int(fit.sample.used.sum()),
        **explained(fit.shares, fit.df, level),
        "halo_share": fit.own * 100,
        "left_out": fit.sample.left_out,
        "notes": (
            *fit.notes,
            *collinearity.notes(fit.drivers, [driver.label for driver in fit.sample.items]),
        ),
    }
    base = f"给“{item.label}”打分的企业"
    return estimate.Result(table, "department_drivers", "%", base, len(survey.responses), extra)
