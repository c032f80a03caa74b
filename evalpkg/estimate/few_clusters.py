"""Intervals from few clusters: bias-reduced variance and Satterthwaite degrees of freedom."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from evalpkg.estimate.calibration import Floats
from evalpkg.estimate.design import Design

FEW = 30  # clusters; below this the normal theory of the linearised form is not trusted


@dataclass(frozen=True, eq=False)
class FewClusters:
    """CR2 pieces of k domain means over G clusters, and the combinations of them that are wanted.

    A mean is the intercept of a weighted regression with independent errors of equal variance as working
    model (Bell & McCaffrey 2002). Its hat matrix has rank one, so each cluster's adjustment acts only on the
    span of (1, w): 2 x 2 algebra stands in for an eigen-decomposition of the size of the cluster.

    Attributes
    ----------
    scores : ndarray, shape (G, k)
        Adjusted cluster scores; a mean's CR2 variance is the sum of their squares.
    squared, plain, weighted : ndarray, shape (G, k)
        For the adjustment vector a of each cluster: a'a, a'1 and a'w / sum w.
    concentration : ndarray, shape (k,)
        sum w^2 / (sum w)^2 of each domain.
    few : ndarray, shape (k,), bool
        Domains with members in fewer than 30 clusters.
    loadings : ndarray, shape (m, k)
        The combinations wanted; the identity for the means themselves.
    """

    scores: Floats
    squared: Floats
    plain: Floats
    weighted: Floats
    concentration: Floats
    few: NDArray[np.bool_]
    loadings: Floats

    @property
    def applies(self) -> NDArray[np.bool_]:
        """Which of the m combinations rest on a domain of few clusters, (m,) bool."""
        applies: NDArray[np.bool_] = ((self.loadings != 0) & self.few).any(axis=1)
        return applies

    @property
    def variance(self) -> Floats:
        """CR2 variance of the m combinations, (m,)."""
        variance: Floats = np.square(self.scores @ self.loadings.T).sum(axis=0)
        return variance

    @property
    def df(self) -> Floats:
        """Satterthwaite degrees of freedom of the m combinations, (m,)."""
        return np.array([self._satterthwaite(row) for row in self.loadings])

    def combine(self, matrix: Floats) -> FewClusters:
        """Give the pieces of further linear combinations (rows of the matrix)."""
        return replace(self, loadings=matrix @ self.loadings)

    def beside(self, other: FewClusters) -> FewClusters:
        """Give the pieces of both, of the same clusters, as of further domains."""
        joined = {
            field.name: np.concatenate([getattr(self, field.name), getattr(other, field.name)], axis=-1)
            for field in fields(self)
            if field.name != "loadings"
        }
        return FewClusters(**joined, loadings=block_diag(self.loadings, other.loadings))

    def _satterthwaite(self, loading: Floats) -> float:
        # P = D + U C U' is the G x G matrix of the quadratic form; (tr P)^2 / tr(P P) without forming it
        use = np.flatnonzero(loading)
        c, q = loading[use] ** 2, self.concentration[use]
        s, v = self.plain[:, use], self.weighted[:, use]
        d = self.squared[:, use] @ c
        diagonal = d + (q * s**2 - 2 * s * v) @ c
        middle = np.block([[np.diag(q * c), np.diag(-c)], [np.diag(-c), np.zeros((len(use), len(use)))]])
        u = np.hstack([s, v])
        inner = middle @ (u.T @ u)
        square = d @ d + 2 * d @ (diagonal - d) + np.einsum("ij,ji->", inner, inner)
        # P is positive semidefinite, so that this is at least 1: two clusters give 1 less its rounding
        return max(float(diagonal.sum() ** 2 / square), 1.0) if square > 0 else np.nan


def few_clusters(y: Floats, weights: Floats, estimate: Floats, design: Design) -> FewClusters:
    """Prepare the CR2 pieces of k domain means.

    Parameters
    ----------
    y, weights : ndarray, shape (n, k)
        Values and weights, both 0 outside the domain.
    estimate : ndarray, shape (k,)
        The domain means (0 for an empty domain).
    design : Design
        Without strata and calibration.

    Notes
    -----
    Bell & McCaffrey (2002, Survey Methodology 28); checked against R clubSandwich 0.5.8 (CR2, Satterthwaite).
    """
    inside = (weights > 0).astype(float)
    residual = inside * (y - estimate)
    total = weights.sum(axis=0)
    total = np.where(total > 0, total, 1.0)
    count, first, second, plain, weighted = (
        design.cluster_totals(part) for part in (inside, weights, weights**2, residual, weights * residual)
    )
    concentration = (weights**2).sum(axis=0) / total**2
    alpha, beta = _adjustment(count, first, second, total, concentration)
    return FewClusters(
        scores=np.sqrt(design.unsampled[0]) * (alpha * plain + beta * weighted),
        squared=alpha**2 * count + 2 * alpha * beta * first + beta**2 * second,
        plain=alpha * count + beta * first,
        weighted=(alpha * first + beta * second) / total,
        concentration=concentration,
        few=count.astype(bool).sum(axis=0) < FEW,
        loadings=np.eye(y.shape[1]),
    )


def _adjustment(n: Floats, first: Floats, second: Floats, total: Floats, q: Floats) -> tuple[Floats, Floats]:
    """Give alpha, beta with a = B^(-1/2) w / sum w = alpha 1 + beta w, B = (I - H)(I - H)' of the cluster."""
    b11, b12 = 1 - first / total + n * q, -second / total + first * q
    b21, b22 = -n / total, 1 - first / total
    root = np.sqrt(np.maximum(b11 * b22 - b12 * b21, 0))
    scale = np.sqrt(np.maximum(b11 + b22 + 2 * root, 0))
    # Cayley-Hamilton: B^(1/2) = (B + root I) / scale, its determinant is root; solve for the vector (0, 1)
    usable = root > 1e-12  # a cluster that is the whole domain leaves no residual: nothing to adjust
    divisor = np.where(usable, root * scale * total, 1)
    alpha = np.where(usable, -b12 / divisor, 0.0)
    beta = np.where(usable, (b11 + root) / divisor, 0.0)
    return alpha, beta
