"""Which service dimensions go with overall satisfaction, how strongly, how surely, and where to begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from evalpkg import estimate
from evalpkg.drivers import collinearity, division, positions, sample
from evalpkg.drivers.drawn import Drawn
from evalpkg.drivers.freedom import degrees
from evalpkg.drivers.importance import johnson
from evalpkg.drivers.incomplete import Moments
from evalpkg.drivers.sample import REPLICATE_TOLERANCE, Sample
from evalpkg.drivers.share_table import explained, share_table

if TYPE_CHECKING:
    from evalpkg.survey import Survey

TAUTOLOGY = 90.0  # R2 in per cent from which the outcome looks computed from the drivers


@dataclass(frozen=True, eq=False)
class _Fit:
    """Shares (p,) with their replicates, the moments behind them, and their degrees of freedom."""

    sample: Sample
    point: Moments
    draws: Moments
    shares: Drawn
    df: float


def shares(survey: Survey, halo: estimate.Result | None = None) -> estimate.Result | None:
    """Divide the explained variance of overall satisfaction among the service dimensions.

    Association, not cause. LMG shares of R2 from weighted moments of all answers given (`incomplete.moments`:
    nobody is dropped for a skipped item); every replicate of the cluster bootstrap treats the gaps anew.

    Parameters
    ----------
    survey
        Roles used: one ``outcome`` and ``driver`` items, all numeric; of more than 20 Johnson's weights, said in `notes`.
    halo
        What `drivers.halo` found: its shares stand beside the plain ones.

    Returns
    -------
    Result or None
        A row per driver, largest share first: `item`, `label`, `estimate` (percentage points of the outcome's
        variance; they sum to R2 x 100), `std_error`, `conf_low`, `conf_high`, `n` (respondents who answered
        the item), `p_first` (per cent of replicates in which it is the largest, see `Drawn.first`), `rank_low`, `rank_high` (places it may
        take, all drivers at once), `johnson` (Johnson's share), `halo` (share when the respondent's level is taken out),
        `score`, `score_low`, `score_high` (its own mean, 0-100), `vif`; where it lies on the map of importance and
        performance, see `positions.located`.
        `extra`: `outcome` (label), `r2`, `r2_low`, `r2_high` (per cent), `complete` (per cent of those who
        answered anything here that answered everything), `draws`, `mean_share`, `mean_score`, `ellipse_t`;
        `left_out` and `notes`, tuples of Chinese sentences on drivers not analysed and on what limits the shares.
        None when the survey has no such items or nobody answered them.

    Raises
    ------
    DriversError
        Too few respondents, no usable driver, or an outcome on which all agree.

    Notes
    -----
    Interval: ``logit(share) +- t * sd(logit of the replicates)``, with the degrees of freedom of `freedom.degrees`; in
    simulation nearer its level than percentiles when there are few clusters. Places: `ranks.rank_sets` on the logits.
    """
    read = sample.read(survey)
    if read is None:
        return None
    fit = _fitted(survey, read)
    table = _table(survey, fit)
    table = table.assign(halo=_of(halo, table["item"]))
    extra = _extra(survey, fit) | _halo_extra(halo)
    ordered = table.sort_values("estimate", ascending=False, kind="stable", ignore_index=True)
    base = f"至少回答了“{read.outcome.label}”或其中一项的企业"
    return estimate.Result(ordered, "drivers", "%", base, len(survey.responses), extra)


def _fitted(survey: Survey, read: Sample) -> _Fit:
    point, draws = sample.fitted(read, survey.design.weights, sample.replicates(survey))
    found = Drawn(division.divided(point.covariance[0]), division.divided(draws.covariance))
    df = degrees(survey.design, read.used, survey.round.draws)
    return _Fit(read, point, draws, found, df)


def _table(survey: Survey, fit: _Fit) -> pd.DataFrame:
    level, read = survey.round.level, fit.sample
    score = estimate.mean(read.answers[:, 1:], survey.design)
    score_low, score_high = score.interval(level)
    covariance = fit.point.covariance[0]
    table = share_table(read, fit.shares, fit.df, level, survey.round.seed_for("drivers")).assign(
        johnson=johnson(covariance) * 100,
        score=score.estimate,
        score_low=score_low,
        score_high=score_high,
        vif=collinearity.inflation(covariance[1:, 1:]),
    )
    place = positions.located(_map(fit, score.estimate, level))
    # a share has no sign: where better marks go with less satisfaction, mending it first is no conclusion
    against = (covariance[0, 1:] < 0) & place["p_fix"].notna().to_numpy()
    place.loc[against, ["p_fix", "p_keep"]] = 0.0
    place.loc[against, "zone"] = "later"
    return pd.concat([table, place], axis=1)


def _map(fit: _Fit, score: np.ndarray, level: float) -> positions.Map:
    """Bring shares and scores of all replicates onto the map, in per cent and on 0-100."""
    read = fit.sample
    drawn = fit.draws.cross[0, 2:].T * read.scale[1:] + read.centre[1:]
    return positions.Map(
        share=Drawn(fit.shares.point * 100, fit.shares.all_draws * 100),
        score=Drawn(score, drawn),
        df=fit.df,
        level=level,
    )


def _extra(survey: Survey, fit: _Fit) -> dict[str, object]:
    score = np.nanmean(fit.point.cross[0, 2:, 0] * fit.sample.scale[1:] + fit.sample.centre[1:])
    return {
        "outcome": fit.sample.outcome.label,
        **explained(fit.shares, fit.df, survey.round.level),
        "complete": _complete(fit.sample, survey.design.weights),
        "draws": len(fit.shares.draws),
        "mean_share": float(fit.shares.point.mean()) * 100,
        "mean_score": float(score),
        "ellipse_t": float(np.sqrt(2 * stats.f.ppf(survey.round.level, 2, max(fit.df, 1)))),
        "left_out": fit.sample.left_out,
        "notes": _notes(fit),
    }


def _of(halo: estimate.Result | None, items: pd.Series) -> np.ndarray:
    if halo is None or halo.table.empty:
        return np.full(len(items), np.nan)
    found: np.ndarray = items.map(halo.table.set_index("item")["share"]).to_numpy(dtype=float)
    return found


def _halo_extra(halo: estimate.Result | None) -> dict[str, object]:
    if halo is None or halo.table.empty:
        return {}
    return {"halo_r2": float(halo.table["share"].sum())}


def _complete(read: Sample, weights: np.ndarray) -> float:
    """Weighted per cent of the respondents used who answered the outcome and every driver."""
    return float(weights[read.whole].sum() / weights[read.used].sum()) * 100


def _notes(fit: _Fit) -> tuple[str, ...]:
    """Say what a reader must know before trusting the shares."""
    labels = [item.label for item in fit.sample.items]
    notes = [*division.note(len(labels)), *collinearity.notes(fit.point.covariance[0][1:, 1:], labels)]
    notes += [
        f"“{label}”打分越高，“{fit.sample.outcome.label}”反而越低，份额只说明关系的大小，请检查这一题的方向"
        for label, r in zip(labels, fit.point.covariance[0][0, 1:], strict=True)
        if r < 0
    ]
    if fit.shares.point.sum() * 100 >= TAUTOLOGY:
        notes.append(
            f"各项解释了“{fit.sample.outcome.label}”差别的九成以上，"
            "请检查它是不是由各项计算得来，若是则份额没有意义"
        )
    if fit.point.change > REPLICATE_TOLERANCE:
        notes.append("缺项太多，插补没有收敛，份额仅供参考")
    return tuple(notes)
