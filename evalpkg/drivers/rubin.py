"""Combine what several completions of the same answers gave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evalpkg.estimate import Estimate


def pooled(parts: Sequence[Estimate]) -> Estimate:
    r"""Combine estimates of k numbers from m completions by Rubin's rules.

    .. math:: T = \bar U + (1 + 1/m) B

    with the mean covariance U within and the covariance B between the completions.

    Parameters
    ----------
    parts
        One estimate a completion, of the same numbers; a single one is returned as it is.

    Returns
    -------
    Estimate
        With degrees of freedom (k,), never more than those of the complete data.

    Notes
    -----
    Rubin (1987), *Multiple Imputation for Nonresponse in Surveys*; degrees of freedom for small samples: Barnard & Rubin
    (1999), Biometrika 86:948.

    Examples
    --------
    >>> parts = [Estimate(np.array([x]), np.array([[1.0]]), n=np.array(9), df=np.array(20.0)) for x in (1, 3)]
    >>> both = pooled(parts)
    >>> both.estimate.tolist(), both.std_error.tolist(), both.df.round(2).tolist()
    ([2.0], [2.0], [1.28])
    """
    if len(parts) == 1:
        return parts[0]
    points = np.array([part.estimate for part in parts])
    within = np.mean([part.cov for part in parts], axis=0)
    between = (1 + 1 / len(parts)) * np.atleast_2d(np.cov(points.T))
    total = within + between
    spread = np.diagonal(total)
    lost = np.divide(np.diagonal(between), spread, out=np.zeros(len(spread)), where=spread > 0)
    df = _df(lost, len(parts), parts[0].df)
    return Estimate(points.mean(axis=0), total, n=parts[0].n, df=df)


def _df(lost: np.ndarray, m: int, complete: np.ndarray) -> np.ndarray:
    """Give Barnard and Rubin's degrees of freedom; `lost` (k,) is the part of the variance due to gaps."""
    with np.errstate(divide="ignore"):  # nothing lost of an infinite sample: infinite
        combined: np.ndarray = 1 / (lost**2 / (m - 1) + (1 + 2 / (complete + 1)) / (complete * (1 - lost)))
    return combined
