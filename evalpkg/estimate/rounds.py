"""Estimates over several rounds: other respondents each time, but clusters that recur."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalpkg.estimate.calibration import Floats
from evalpkg.estimate.design import Design, EstimateError
from evalpkg.estimate.freedom import small_sample
from evalpkg.estimate.means import Estimate
from evalpkg.estimate.variance import covariance, residuals


@dataclass(frozen=True, eq=False)
class Part:
    """Hold what one round adds to k estimates.

    Attributes
    ----------
    influence : ndarray, shape (n, k)
        Weighted linearised values of the round's respondents, with the sign that they have in the estimates.
    design : Design
    clusters : ndarray, shape (n,)
        Labels by which a cluster is known again in another round, see `recurring`.
    """

    influence: Floats
    design: Design
    clusters: NDArray[np.object_]


def recurring(design: Design, respondents: ArrayLike, at: int) -> NDArray[np.object_]:
    """Give labels by which clusters recur: a chamber is the same in every round, a respondent who came alone is not.

    Parameters
    ----------
    respondents : array_like, shape (n,)
        Their ids; a cluster called "rid <id>" is a respondent who came alone.
    at
        Number of the round.

    Examples
    --------
    >>> design = Design([1, 1, 1], clusters=["CC01", "CC01", "rid 3"])
    >>> recurring(design, [1, 2, 3], 7).tolist()
    ['CC01', 'CC01', '7 3']
    """
    rids = np.array([str(rid) for rid in np.asarray(respondents)], dtype=object)
    own = np.array([f"{at} {rid}" for rid in rids], dtype=object)
    if design.clusters is None:
        return own
    labels = np.array([str(label) for label in design.clusters], dtype=object)
    return np.where(labels == "rid " + rids, own, labels)


def over_rounds(values: ArrayLike, n: ArrayLike, parts: Sequence[Part]) -> Estimate:
    r"""Give the covariance of estimates that several rounds make together, such as changes.

    What raking leaves of the influence functions stands one round below the other and is summed by cluster over all
    rounds, so that what a chamber's members say every time cancels from a change. What the linearised form lacks
    (`small_sample`) is found round by round and weighed by the rounds' own variances; degrees of freedom are Welch's of
    those of the rounds, at most those of the clusters of all rounds together.

    Parameters
    ----------
    values : array_like, shape (k,)
        The estimates.
    n : array_like, shape (k,)
        Respondents behind each, for the table.
    parts : sequence of Part
        One a round.

    Returns
    -------
    Estimate
        `cov` is widened already, so that `interval` needs nothing more; NaN where a value is, or where no cluster but
        one has influence.

    Raises
    ------
    EstimateError
        No round; rounds whose influence has another number of columns than there are values.

    Notes
    -----
    Covariance of stacked influence functions: Binder (1983); for waves that share clusters, Kish (1965, 12.4). Welch
    (1947) for degrees of freedom. Checked by simulated rounds in the table of Validation.

    Examples
    --------
    >>> now, before = Design([1, 1], clusters=["a", "b"]), Design([1, 1], clusters=["a", "b"])
    >>> same = np.array([[0.5], [-0.5]])  # a is above b by as much in both rounds
    >>> parts = [Part(same, now, np.array(["a", "b"])), Part(-same, before, np.array(["a", "b"]))]
    >>> over_rounds([0.3], [2], parts).std_error
    array([0.])
    """
    found = np.atleast_1d(np.asarray(values, dtype=float))
    if not parts or any(part.influence.shape[1] != len(found) for part in parts):
        raise EstimateError("几轮的影响函数与估计值的个数不同：每轮都要有同样的列；请核对各轮的计算")
    z = np.vstack([residuals(part.influence, part.design) for part in parts])
    together = Design(
        np.concatenate([part.design.weights for part in parts]),
        clusters=np.concatenate([part.clusters for part in parts]),
    )
    own = np.array([np.diagonal(covariance(part.influence, part.design)) for part in parts])
    lacks = [small_sample(part.influence, part.design) for part in parts]
    wider = _weighed(own, np.array([lack.inflation for lack in lacks]))
    df = np.minimum(_welch(own, np.array([lack.df for lack in lacks])), small_sample(z, together).df)
    cov = covariance(z, together) * np.sqrt(np.outer(wider, wider))
    unknown = np.isnan(found) | (df < 1)
    cov[unknown, :] = cov[:, unknown] = np.nan
    return Estimate(found, cov, n=np.asarray(n, dtype=int), df=df)


def _weighed(own: Floats, inflation: Floats) -> Floats:
    """Mean of the rounds' inflations (R, k), each as its variance (R, k) counts; 1 where there is none."""
    total = own.sum(axis=0)
    return np.asarray(
        np.where(total > 0, (own * inflation).sum(axis=0) / np.where(total > 0, total, 1.0), 1.0)
    )


def _welch(own: Floats, df: Floats) -> Floats:
    """Degrees of freedom of a sum of variances (R, k) of which each has its own (R, k).

    >>> _welch(np.array([[1.0], [1.0]]), np.array([[20.0], [20.0]]))
    array([40.])
    """
    squares = np.divide(own**2, df, out=np.zeros_like(own), where=df > 0)
    total = squares.sum(axis=0)
    found: Floats = np.divide(own.sum(axis=0) ** 2, total, out=np.zeros_like(total), where=total > 0)
    return found
