"""Fill the gaps of answers from given moments: with what is expected, or drawn at random around it."""

from __future__ import annotations

import numpy as np

from evalpkg.drivers.incomplete import RIDGE, Moments


def completed(values: np.ndarray, moments: Moments, set_number: int, rng: np.random.Generator) -> np.ndarray:
    r"""Draw the answers not given from their normal distribution given those that were.

    For a respondent with answers o and gaps m, under the means and covariances of one set of weights,

    .. math:: x_m \sim N(\mu_m + S_{mo} S_{oo}^{-1} (x_o - \mu_o),\; S_{mm} - S_{mo} S_{oo}^{-1} S_{om}).

    With the moments of another bootstrap replicate for every completion, the completions are proper multiple
    imputations: they differ by as much as the moments are unsure.

    Parameters
    ----------
    values
        (n, q) answers in the units of `moments`, NaN = not answered.
    moments
        As `incomplete.moments` gives them.
    set_number
        Which of their sets of weights.
    rng
        Takes n x q normal draws whatever the gaps.

    Returns
    -------
    ndarray
        (n, q) without gaps; answers given are unchanged, those drawn are not rounded to the scale.

    Notes
    -----
    Little & Rubin (2002), *Statistical Analysis with Missing Data*, section 10.2; bootstrap first: Schomaker &
    Heumann (2018), Statistics in Medicine 37:2252.

    Examples
    --------
    >>> from evalpkg.drivers.incomplete import moments
    >>> gap = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, np.nan]])
    >>> completed(gap, moments(gap, np.ones((3, 1))), 0, np.random.default_rng(1)).shape
    (3, 2)
    """
    return _filled(values, moments, set_number, rng.standard_normal(values.shape))


def expected(values: np.ndarray, moments: Moments, set_number: int = 0) -> np.ndarray:
    """Fill gaps with what linear regression on the answers given expects.

    Parameters
    ----------
    values, moments, set_number
        As for `completed`.

    Returns
    -------
    ndarray
        (n, q) without gaps.

    Examples
    --------
    >>> from evalpkg.drivers.incomplete import moments
    >>> line = np.array([[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0]])
    >>> expected(np.array([[0.5, np.nan]]), moments(line, np.ones((3, 1)))).round(3).tolist()
    [[0.5, 0.5]]
    """
    return _filled(values, moments, set_number, np.zeros(values.shape))


def _filled(values: np.ndarray, moments: Moments, set_number: int, noise: np.ndarray) -> np.ndarray:
    mean = moments.cross[0, 1:, set_number]
    covariance = moments.covariance[set_number] + RIDGE * np.eye(len(mean))
    gaps, filled = np.isnan(values), values.copy()
    kinds, kind = np.unique(gaps, axis=0, return_inverse=True)
    for number, gap in enumerate(kinds):
        if not gap.any():
            continue
        rows, known = np.flatnonzero(kind.ravel() == number), covariance[np.ix_(~gap, ~gap)]
        slopes = np.linalg.solve(known, covariance[np.ix_(~gap, gap)])
        residual = covariance[np.ix_(gap, gap)] - covariance[np.ix_(gap, ~gap)] @ slopes
        fitted = mean[gap] + (values[np.ix_(rows, ~gap)] - mean[~gap]) @ slopes
        filled[np.ix_(rows, gap)] = fitted + noise[np.ix_(rows, gap)] @ _root(residual)
    return filled


def _root(covariance: np.ndarray) -> np.ndarray:
    """Symmetric square root; unlike Cholesky's it takes an item without a spread of its own."""
    values, vectors = np.linalg.eigh(covariance)
    root: np.ndarray = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return root
