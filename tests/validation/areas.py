"""Small areas: Fay and Herriot's model where it holds, and the cells that are published from a round."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
from scipy.special import ndtri

from evalpkg import estimate, scores
from evalpkg.scores.fay_herriot import fay_herriot

from . import worlds
from .published import as_survey
from .scenario import LEVEL, Floats, Row, Scenario, within

AREAS = 120
Z = float(ndtri((1 + LEVEL) / 2))
LOCAL_SD = 0.25  # how differently districts see one and the same department (latent)


def model(rng: np.random.Generator, A: float) -> Sequence[float]:
    """Draw areas from the model: variances from a half to three around 1, a covariate, A between areas."""
    x = np.column_stack([np.ones(AREAS), np.linspace(-1, 1, AREAS)])
    D = np.exp(np.linspace(np.log(0.5), np.log(3.0), AREAS))[rng.permutation(AREAS)]
    true = x @ [80.0, 2.0] + rng.normal(0, np.sqrt(A), AREAS)
    direct = true + rng.normal(0, np.sqrt(D))
    fit = fay_herriot(direct, D, x)
    half = Z * fit.std_error
    return within(fit.estimate - half, fit.estimate + half, true), _ratio(fit.estimate, direct, true)


def _ratio(shrunken: Floats, direct: Floats, true: Floats) -> float:
    return float(((shrunken - true) ** 2).sum() / ((direct - true) ** 2).sum())


# --- cells of a round -------------------------------------------------------------------------------------


@cache
def city(local_sd: float, chambers: int) -> worlds.World:
    """Build the demo's city in which districts differ department by department."""
    rng = np.random.default_rng(8)
    local = rng.normal(0, local_sd, (len(worlds.DISTRICTS), 35)) if local_sd else None
    return worlds.build(worlds.demo_means(), chambers=chambers, local=local)


@cache
def truth(local_sd: float, chambers: int) -> Floats:
    """Work out what of each district and department is explained by neither alone, (districts, 35)."""
    score = worlds.by_district(city(local_sd, chambers))[:, :-1]
    return np.asarray(score - score.mean(axis=0) - score.mean(axis=1, keepdims=True) + score.mean())


def once(rng: np.random.Generator, local_sd: float, chambers: int) -> Sequence[float]:
    """Draw a round; check the published intervals of its district by department cells and what shrinking gained."""
    sample = worlds.draw(city(local_sd, chambers), rng)
    table = _published(sample)
    department = pd.factorize(table["department"])[0]
    centre = estimate.mean(sample.departments, sample.design).estimate[department]
    true = _departure(table, sample, truth(local_sd, chambers))
    low, high, shrunken, direct = (
        table[name].to_numpy(dtype=float) - centre for name in ("conf_low", "conf_high", "estimate", "direct")
    )
    own = (table["source"] == "direct").to_numpy()
    return within(low, high, true), _ratio(shrunken[own], direct[own], true[own])


def _published(sample: worlds.Sample) -> pd.DataFrame:
    """Have the cells of a round computed as the notebooks do."""
    result = scores.cells(as_survey(sample), "district")
    assert result is not None
    return result.table.sort_values(["department", "group"], ignore_index=True)


def _departure(table: pd.DataFrame, sample: worlds.Sample, true: Floats) -> Floats:
    """Give the true departure of each row's cell from its department's mean over the cells with an estimate."""
    assert sample.design.calibration is not None
    district = sample.design.calibration["district"].to_numpy()
    rated = ~np.isnan(sample.departments) * sample.design.weights[:, None]
    sums = np.array([rated[district == code].sum(axis=0) for code in sorted(worlds.DISTRICTS)]).T.ravel()
    own = np.where(table["source"] == "direct", sums, 0.0).reshape(len(true.T), -1)
    local = true[np.argsort(worlds.DISTRICTS)].T
    return np.asarray(
        (local - (own * local).sum(axis=1, keepdims=True) / own.sum(axis=1, keepdims=True)).ravel()
    )


SCENARIOS = (
    Scenario(
        "areas_same",
        f"{AREAS} areas",
        (
            Row("Fay-Herriot, areas alike (A = 0)", "joint"),
            Row("squared error of the same over direct estimates", "gain"),
        ),
        lambda rng: model(rng, 0.0),
    ),
    Scenario(
        "areas_differ",
        f"{AREAS} areas",
        (
            Row("Fay-Herriot, areas differ (A = 1)", "interval"),
            Row("squared error of the same over direct estimates", "gain"),
        ),
        lambda rng: model(rng, 1.0),
    ),
    Scenario(
        "cells_same",
        "1,000 firms",
        (
            Row("district x department cells, districts alike", "joint"),
            Row("squared error of the same over direct estimates", "gain"),
        ),
        lambda rng: once(rng, 0.0, 0),
    ),
    Scenario(
        "cells_differ",
        "1,000 firms",
        (
            Row("district x department cells, districts differ", "interval"),
            Row("squared error of the same over direct estimates", "gain"),
        ),
        lambda rng: once(rng, LOCAL_SD, 0),
    ),
    Scenario(
        "cells_38",
        "38 unequal chambers",
        (
            Row("district x department cells, districts differ", "interval"),
            Row("squared error of the same over direct estimates", "gain"),
        ),
        lambda rng: once(rng, LOCAL_SD, 38),
    ),
)
