"""Degrees of freedom of what is estimated from few clusters that differ in size."""

from __future__ import annotations

import numpy as np

from evalpkg.estimate import Design
from evalpkg.estimate.means import domain_df

ALIKE = 0.05  # correlation of two respondents of a cluster, at the upper end of what opinion surveys find


def degrees(design: Design, inside: np.ndarray, draws: int | None = None) -> float:
    r"""Give the degrees of freedom of a covariance to which large clusters add more than small ones.

    Working model: influences of respondents have variance w_i^2 and correlation rho = .05 within a cluster, which then adds
    v_c = (1 - rho) sum w_i^2 + rho (sum w_i)^2 to the variance; a variance of unequal parts has (sum v_c)^2 / sum v_c^2 degrees
    of freedom (Satterthwaite 1946), strata taken off. Never more than clusters minus strata: 38 chambers as unequal
    as the demo's have 37 by number and about half as many by this count.

    Parameters
    ----------
    design : Design
    inside : ndarray of bool, shape (n,)
        Respondents in the domain.
    draws : int, optional
        Replicates whose spread is the standard error: it varies by their number as well, 1/df + 1/(draws - 1).

    Returns
    -------
    float
        At least 1.

    Examples
    --------
    >>> design = Design([1, 1, 1, 1, 1], clusters=["a", "a", "b", "c", "d"])
    >>> round(degrees(design, np.ones(5, dtype=bool)), 2)
    2.51
    """
    weights = np.where(inside, design.weights, 0.0)[:, None]
    alone, together = design.cluster_totals(np.hstack([weights**2, weights])).T
    added = (1 - ALIKE) * alone + ALIKE * together**2
    most = float(domain_df(inside[:, None], design)[0])
    strata = len(np.unique(design.stratum_of_cluster[added > 0]))
    squares = float(added @ added)
    found = added.sum() ** 2 / squares - strata if squares > 0 else 0.0
    df = max(1.0, min(float(found), most))
    return df if draws is None else max(1.0, 1 / (1 / df + 1 / (draws - 1)))
