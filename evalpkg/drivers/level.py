"""How high a respondent marks in general, and how exactly its own ratings tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from evalpkg.survey import Survey


@dataclass(frozen=True, eq=False)
class Level:
    """Hold the level of n respondents over the departments that each rated.

    Attributes
    ----------
    value : ndarray, shape (n,)
        Points (0-100) above what others give to the same departments; NaN without a rating.
    error : ndarray, shape (n,)
        Squared standard error of `value` over departments; NaN with fewer than two ratings.
    """

    value: np.ndarray
    error: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Whose level has a known error, (n,) bool."""
        return np.asarray(~np.isnan(self.error))


def of_respondents(survey: Survey, without: str = "") -> Level | None:
    """Give every respondent's level from its ratings of departments; None where departments are not rated.

    Parameters
    ----------
    survey
        `ratings` and the items of role ``rating``.
    without
        Code of a department that does not count.
    """
    items = [
        item for item in survey.codebook.by_role("rating") if item.department and item.department != without
    ]
    ratings = survey.ratings.reindex(columns=[item.department for item in items]).to_numpy(dtype=float)
    if np.isnan(ratings).all():
        return None
    return level(
        np.column_stack([item.to100(x) for item, x in zip(items, ratings.T, strict=True)]),
        survey.design.weights,
    )


def level(ratings: np.ndarray, weights: np.ndarray) -> Level:
    r"""Take out what the departments differ by, and average what is left of each respondent's ratings.

    y_ij = theta_j + a_i + e_ij is fitted by weighted least squares with the respondents swept out, so that WHICH departments
    a respondent met does not matter; value_i = mean_j (y_ij - theta_j). With k_i ratings the variance of that mean is
    s_i^2 / k_i, s_i^2 the spread of its own ratings. Subtracting it is what averaging over all ways of splitting
    the ratings into two halves comes to: value_i^2 - s_i^2 / k_i is the mean of r_ij r_ik over all pairs of
    different departments.

    Parameters
    ----------
    ratings : ndarray, shape (n, d)
        NaN = not rated.
    weights : ndarray, shape (n,)

    Returns
    -------
    Level

    Examples
    --------
    >>> found = level(np.array([[60.0, 40.0], [80.0, 60.0], [50.0, 40.0]]), np.ones(3))
    >>> found.value.round(2).tolist()
    [-5.0, 15.0, -10.0]
    """
    given = ~np.isnan(ratings)
    residual = np.where(given, ratings - _departments(ratings, given, weights), 0.0)
    count = given.sum(axis=1)
    value = np.where(count > 0, residual.sum(axis=1) / np.maximum(count, 1), np.nan)
    square = (given * (residual - np.nan_to_num(value)[:, None]) ** 2).sum(axis=1)
    error = np.where(count > 1, square / np.maximum(count * (count - 1), 1), np.nan)
    return Level(value, error * _lost(given))


def _departments(ratings: np.ndarray, given: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Fit the departments, (d,). Those without a common rater keep the difference of their plain means."""
    m = given * weights[:, None]
    total = m.sum(axis=0)
    plain = (m * np.nan_to_num(ratings)).sum(axis=0) / np.where(total > 0, total, 1.0)
    left = np.where(given, ratings - plain, 0.0)
    per = np.maximum(given.sum(axis=1, keepdims=True), 1)
    within = given * (left - left.sum(axis=1, keepdims=True) / per)
    laplacian = np.diag(total) - (m / per).T @ given
    fitted: np.ndarray = plain + np.linalg.pinv(laplacian, hermitian=True) @ (weights @ within)
    return fitted


def _lost(given: np.ndarray) -> float:
    """Give what fitting the departments took out of the spread within respondents, as a factor that mends it."""
    more = given[given.sum(axis=1) > 1]
    inside = int(more.sum()) - len(more)
    fitted = int(more.any(axis=0).sum()) - 1
    return inside / (inside - fitted) if inside > fitted else np.nan
