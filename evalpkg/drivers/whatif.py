"""What would go with a better mark of the dissatisfied: an association, worded as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from evalpkg import estimate
from evalpkg.drivers import sample
from evalpkg.drivers.drawn import Drawn
from evalpkg.drivers.freedom import degrees
from evalpkg.drivers.incomplete import Moments
from evalpkg.drivers.sample import Sample

if TYPE_CHECKING:
    from evalpkg.survey import Survey

SATISFIED = 75.0  # on 0-100: 4 of 1-5; a lower mark is that of an enterprise not satisfied


def what_if(survey: Survey, halo: estimate.Result | None = None) -> estimate.Result | None:
    """Give what goes with one step more on each driver, for those who are not satisfied with it.

    If every enterprise that is not satisfied with driver j (below 4 of 5) marked it one step higher, the mean of overall
    satisfaction that goes with such marks is b_j * step * (share of the dissatisfied) higher, b the coefficients of the
    regression of the outcome on all drivers. Association: nobody has tried it.

    Parameters
    ----------
    survey
        As for `shares`.
    halo
        What `drivers.halo` found; its coefficients (the respondent's level taken out) then replace the plain ones, which go
        into the column `plain`.

    Returns
    -------
    Result or None
        `item`, `label`, `estimate` (points of the outcome, 0-100), `std_error`, `conf_low`, `conf_high`, `family_low`,
        `family_high` (all drivers at once, Bonferroni), `sure` (``up``, ``down``, ``no``, by the latter), `n`, `plain`,
        `dissatisfied` (per cent of those who answered the item) with `dissatisfied_count`. Largest first.
        `extra`: `controlled` ("yes", "no"), `outcome`, `notes`.

    Raises
    ------
    DriversError
        As `shares`.

    Notes
    -----
    The variance of b_j * share_j is that of the cluster bootstrap, in which both are computed anew. With `halo` the
    coefficient and the share are taken as uncorrelated.
    """
    read = sample.read(survey)
    if read is None:
        return None
    replicates = sample.replicates(survey)
    point, draws = sample.fitted(read, survey.design.weights, replicates)
    share = _dissatisfied(read, survey.design.weights, replicates)
    steps = np.array([item.step for item in read.items])
    plain = Drawn(
        _coefficients(point, read)[0] * steps * share.point,
        _coefficients(draws, read) * steps * share.all_draws,
    )
    found, error = plain.point, plain.std_error
    controlled = halo is not None and set(halo.table["item"]) >= {item.code for item in read.items}
    if halo is not None and controlled:
        found, error = _controlled(halo, read, share)
    table = _table(survey, read, found, error).assign(plain=plain.point, **_share_columns(read, share))
    ordered = table.sort_values("estimate", ascending=False, kind="stable", ignore_index=True)
    extra = {"controlled": "yes" if controlled else "no", "outcome": read.outcome.label, "notes": ()}
    return estimate.Result(ordered, "what_if", "分", "回答了该项的企业", len(survey.responses), extra)


def _coefficients(of: Moments, read: Sample) -> np.ndarray:
    """Give the coefficients of the outcome (0-100) on all drivers (0-100), (draws, p); least norm where they are tied."""
    covariance = of.covariance
    inverse = np.linalg.pinv(covariance[:, 1:, 1:], rcond=1e-8, hermitian=True)
    standard = (inverse @ covariance[:, 1:, :1])[..., 0]
    slopes: np.ndarray = standard * read.scale[0] / read.scale[1:]
    return slopes


def _dissatisfied(read: Sample, weights: np.ndarray, replicates: np.ndarray) -> Drawn:
    """Share of those not satisfied among those who answered, 0 to 1."""
    answered = ~np.isnan(read.answers[:, 1:])
    low = np.where(answered, read.answers[:, 1:] < SATISFIED, False)
    sets = np.column_stack([weights, replicates])
    shares = (sets.T @ low) / np.maximum(sets.T @ answered, np.finfo(float).tiny)
    return Drawn(shares[0], shares[1:])


def _controlled(halo: estimate.Result, read: Sample, share: Drawn) -> tuple[np.ndarray, np.ndarray]:
    """Give effect and standard error with the coefficients of `halo`, which are for one step already."""
    rows = halo.table.set_index("item").loc[[item.code for item in read.items]]
    b, error = rows["estimate"].to_numpy(dtype=float), rows["std_error"].to_numpy(dtype=float)
    return b * share.point, np.hypot(error * share.point, b * share.std_error)


def _table(survey: Survey, read: Sample, found: np.ndarray, error: np.ndarray) -> pd.DataFrame:
    level, df = survey.round.level, degrees(survey.design, read.used, survey.round.draws)
    t, family = (stats.t.ppf(1 - (1 - level) / 2 / m, df) * error for m in (1, len(found)))
    return pd.DataFrame(
        {
            "item": [item.code for item in read.items],
            "label": [item.label for item in read.items],
            "estimate": found,
            "std_error": error,
            "conf_low": found - t,
            "conf_high": found + t,
            "family_low": found - family,
            "family_high": found + family,
            "sure": np.select([found - family > 0, found + family < 0], ["up", "down"], "no"),
            "n": (~np.isnan(read.answers[:, 1:])).sum(axis=0),
        }
    )


def _share_columns(read: Sample, share: Drawn) -> dict[str, np.ndarray]:
    low = np.where(np.isnan(read.answers[:, 1:]), False, read.answers[:, 1:] < SATISFIED)
    return {"dissatisfied": 100 * share.point, "dissatisfied_count": low.sum(axis=0)}
