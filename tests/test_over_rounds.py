"""estimate.over_rounds: the covariance of changes, by hand and against what single rounds give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evalpkg import estimate
from evalpkg.estimate import Design, Part, over_rounds, recurring
from evalpkg.estimate.means import mean_influence


def sample(
    seed: int, chambers: int, each: int, effect: np.ndarray | None = None
) -> tuple[np.ndarray, Design]:
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(chambers), each)
    y = rng.normal(0, 1, len(of)) + (0 if effect is None else effect[of])
    return y[:, None], Design(rng.uniform(0.5, 2, len(of)), clusters=np.array([f"c{c}" for c in of]))


def change(one: tuple[np.ndarray, Design], other: tuple[np.ndarray, Design]) -> estimate.Estimate:
    parts = [
        Part(sign * mean_influence(y, design), design, recurring(design, np.arange(len(y)), at))
        for at, (sign, (y, design)) in enumerate([(1.0, one), (-1.0, other)])
    ]
    value = [estimate.mean(y, d).estimate[0] for y, d in (one, other)]
    return over_rounds([value[0] - value[1]], [1], parts)


def test_rounds_without_a_common_cluster_add_their_variances() -> None:
    one, (y, design) = sample(1, 40, 5), sample(2, 40, 5)
    assert design.clusters is not None
    other = (y, Design(design.weights, clusters=np.char.add("other ", design.clusters)))
    found = change(one, other)
    apart = sum(estimate.mean(values, d).cov[0, 0] for values, d in (one, other))
    # G/(G-1) of 80 clusters in place of 40 twice
    assert found.cov[0, 0] == pytest.approx(apart * (80 / 79) / (40 / 39), rel=1e-3)
    each = [estimate.small_sample(mean_influence(v, d), d).df[0] for v, d in (one, other)]
    assert found.df[0] > 1.5 * max(each)  # errors of two rounds, nearly as many again


def test_clusters_that_recur_are_summed_before_they_are_squared() -> None:
    one, other = (
        sample(3, 30, 8, effect := np.random.default_rng(9).normal(0, 2, 30)),
        sample(4, 30, 8, effect),
    )
    found = change(one, other)
    totals = np.zeros(30)
    for sign, (y, design) in ((1.0, one), (-1.0, other)):
        z = sign * mean_influence(y, design)[:, 0]
        totals += (
            pd.Series(z)
            .groupby(np.asarray(design.clusters))
            .sum()
            .loc[[f"c{c}" for c in range(30)]]
            .to_numpy()
        )
    assert found.cov[0, 0] == pytest.approx(30 / 29 * ((totals - totals.mean()) ** 2).sum())
    independent = sum(estimate.mean(y, d).cov[0, 0] for y, d in (one, other))
    assert found.cov[0, 0] < independent / 2
    assert found.df[0] <= 29


def test_respondents_who_came_alone_are_others_each_round() -> None:
    assert recurring(Design([1, 1]), [5, 6], 0).tolist() == ["0 5", "0 6"]
    mixed = Design([1, 1], clusters=np.array(["CC01", "rid 6"], dtype=object))
    assert recurring(mixed, [5, 6], 1).tolist() == ["CC01", "1 6"]


def test_raking_widens_a_change_as_it_widens_a_level() -> None:
    y, design = sample(5, 20, 10)
    frame = pd.DataFrame({"place": np.asarray(design.clusters)})
    raked = Design(
        design.weights,
        base_weights=design.weights,
        calibration=pd.DataFrame({"place": np.repeat(np.arange(10), 20)}),
        clusters=frame["place"],
    )
    z = mean_influence(y, raked)
    found = over_rounds([0.0], [1], [Part(z, raked, recurring(raked, np.arange(200), 0))])
    lacks = estimate.small_sample(z, raked)
    assert lacks.inflation[0] > 1.05
    assert found.cov[0, 0] == pytest.approx(estimate.covariance(z, raked)[0, 0] * lacks.inflation[0])
    assert found.df[0] == pytest.approx(lacks.df[0])


def test_what_is_unknown_stays_unknown() -> None:
    y, design = sample(6, 10, 4)
    z = np.hstack([mean_influence(y, design), np.zeros((40, 1)), mean_influence(y, design)])
    found = over_rounds([1.0, 2.0, np.nan], [1, 1, 1], [Part(z, design, recurring(design, np.arange(40), 0))])
    assert np.isfinite(found.cov[0, 0])
    assert np.isnan(found.cov[1]).all() and np.isnan(found.cov[2]).all()


def test_rounds_of_other_columns_are_refused() -> None:
    with pytest.raises(estimate.EstimateError, match="几轮的影响函数与估计值的个数不同"):
        over_rounds([1.0], [1], [])
