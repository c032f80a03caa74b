"""Least squares with many columns and few clusters: residuals of the right variance, gaps, dependent columns."""

from __future__ import annotations

import numpy as np
import pytest

from evalpkg.estimate import Design, clustered_regression, independent_columns, regression
from evalpkg.estimate.clustered_regression import adjusted


def few_clusters() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    clusters = np.repeat(np.arange(6), [3, 5, 2, 6, 4, 4])
    x = np.column_stack([np.ones(24), rng.normal(size=24), clusters % 2 == 0]).astype(float)
    return x, rng.uniform(0.3, 4.0, 24), clusters


def test_adjusted_residuals_have_the_variance_of_errors() -> None:
    x, weights, clusters = few_clusters()
    root = np.sqrt(weights)
    q = np.linalg.qr(root[:, None] * x)[0]
    columns = np.column_stack([adjusted(unit, q, weights, clusters) for unit in np.eye(24)])
    rest = np.eye(24) - q @ q.T
    covariance = columns @ rest @ np.diag(weights) @ rest @ columns.T
    for cluster in range(6):
        own = np.ix_(clusters == cluster, clusters == cluster)
        assert np.allclose(covariance[own], np.diag(weights[clusters == cluster]))


def test_the_variance_is_unbiased_with_independent_errors() -> None:
    """The mean over 4,000 draws of errors against the exact variance; without the clusters' own centring."""
    x, weights, clusters = few_clusters()
    design = Design(weights, clusters=clusters)
    rng = np.random.default_rng(2)
    inverse = np.linalg.inv(x.T @ (weights[:, None] * x))
    exact = np.diagonal(inverse @ x.T @ np.diag(weights**2) @ x @ inverse)
    drawn = np.mean(
        [np.diagonal(clustered_regression(e, x, design).cov) for e in rng.normal(size=(4000, 24))], axis=0
    )
    assert drawn * 5 / 6 == pytest.approx(exact, rel=0.1)


def test_rows_without_an_outcome_take_no_part() -> None:
    x, weights, clusters = few_clusters()
    y = np.random.default_rng(3).normal(size=24)
    y[[1, 7]] = np.nan
    seen = ~np.isnan(y)
    fit = clustered_regression(y, x, Design(weights, clusters=clusters))
    root = np.sqrt(weights[seen])
    assert fit.estimate == pytest.approx(
        np.linalg.lstsq(root[:, None] * x[seen], root * y[seen], rcond=None)[0]
    )
    assert (fit.df >= 1).all()


def test_the_points_are_those_of_the_other_regression() -> None:
    x, weights, clusters = few_clusters()
    y = np.random.default_rng(5).normal(size=24)
    design = Design(weights, clusters=clusters)
    ours, other = clustered_regression(y, x, design), regression(y, x[:, 1:], design)
    assert ours.estimate == pytest.approx(other.estimate)
    # with as many clusters as rows little is to be adjusted
    single = Design(np.ones(24))
    few, plain = clustered_regression(y, x, single), regression(y, x[:, 1:], single)
    assert few.std_error == pytest.approx(plain.std_error, rel=0.2)
    assert (few.std_error > plain.std_error).all()


def test_columns_that_say_nothing_new_are_told() -> None:
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=(2, 30))
    columns = np.column_stack([np.ones(30), a, np.zeros(30), 2 * a + 1, b, a + b])
    assert independent_columns(columns, rng.uniform(1, 2, 30)).tolist() == [
        True,
        True,
        False,
        False,
        True,
        False,
    ]
