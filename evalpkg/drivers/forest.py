"""Whether a random forest predicts satisfaction better than a linear model: a check on curves and interactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import GroupKFold

from evalpkg import estimate
from evalpkg.drivers import sample
from evalpkg.drivers.drawn import Drawn
from evalpkg.drivers.freedom import degrees
from evalpkg.drivers.importance import DriversError
from evalpkg.drivers.imputation import expected
from evalpkg.drivers.incomplete import moments
from evalpkg.drivers.sample import Sample

if TYPE_CHECKING:
    from evalpkg.survey import Survey

FOLDS = 5
TOLERANCE = 1e-6  # of a moment: far below its error
LEAF = 5  # respondents, the fewest at the end of a branch
SHUFFLES = 5  # of each driver in each fold
COLUMNS = ["item", "label", "estimate", "std_error", "conf_low", "conf_high", "n"]


def nonlinear(survey: Survey, *, trees: int = 200) -> estimate.Result | None:
    r"""Compare how well a random forest and a linear model predict the outcome of respondents they have not seen.

    Respondents are cut into five parts along clusters; each part is predicted by models fitted to the other four, with the
    survey's weights. With e the errors of these predictions

    .. math:: R^2 = 1 - \frac{\sum w e^2}{\sum w (y - \bar y)^2} .

    The importance of a driver is how much :math:`\sum w e^2` grows when its answers are shuffled among the respondents of a
    part, as a share of the same denominator. Association, not cause.

    Parameters
    ----------
    survey
        Roles used: one ``outcome`` and the ``driver`` items.
    trees
        In each of the five forests.

    Returns
    -------
    Result or None
        `item`, `label`, `estimate` (per cent of the outcome's variance), `std_error`, `conf_low`, `conf_high`, `n` (who
        answered the item and the outcome); largest first. No rows where the forest predicts nothing.
        `extra`: `outcome`, `shown` ("yes"; "no" where the interval of the forest's R2 includes 0), `r2`, `r2_low`, `r2_high`,
        `linear_r2`, `difference` (forest less linear), `difference_low`, `difference_high` (all per cent), `folds`,
        `left_out`, `notes`.
        None when the survey has no such items or nobody answered them.

    Raises
    ------
    DriversError
        As `shares`; the respondents who answered the outcome lie in a single cluster.

    Notes
    -----
    Breiman (2001), Machine Learning 45:5. Gaps: the forest sends them down the better branch, the linear model takes what
    the answers given lead to expect (`incomplete.moments` of the same four parts). Intervals reweight the errors by the
    cluster bootstrap, predictions as they are: they say how sure the figures of these models are, not how much models fitted
    to another sample would differ.
    """
    read = sample.read(survey)
    if read is None:
        return None
    task = _task(survey, read)
    forest, shuffled = _forest(task, trees, survey.round.seed_for("forest"))
    losses = np.column_stack([forest, _line(task), shuffled])
    sets = np.column_stack([survey.design.weights, sample.replicates(survey)])[task.rows]
    return _result(survey, read, task, _unexplained(losses, task.outcome, sets))


@dataclass(frozen=True, eq=False)
class _Task:
    """Respondents `rows` (m,) of the survey who answered the outcome, and the parts they are cut into.

    `values` (m, 1+p) are standardised, outcome first; each of `parts` is (numbers fitted to, numbers predicted).
    """

    rows: np.ndarray
    values: np.ndarray
    weights: np.ndarray
    parts: list[tuple[np.ndarray, np.ndarray]]

    @property
    def outcome(self) -> np.ndarray:
        return self.values[:, 0]

    @property
    def drivers(self) -> np.ndarray:
        return self.values[:, 1:]


def _task(survey: Survey, read: Sample) -> _Task:
    weights = survey.design.weights
    rows = np.flatnonzero(~np.isnan(read.answers[:, 0]) & (weights > 0))
    clusters = survey.design.cluster_codes[rows]
    folds = min(FOLDS, len(np.unique(clusters)))
    if folds < 2:
        raise DriversError(
            f"影响因素（随机森林）：回答了“{read.outcome.label}”的企业都在一个抽样群里，至少要有两个群才能检验预测；"
            "请改用企业作为抽样单位"
        )
    parts = list(GroupKFold(folds).split(rows, groups=clusters))
    return _Task(rows, read.standardised[rows], weights[rows], parts)


def _forest(task: _Task, trees: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Give squared errors out of fold (m,), and with each driver shuffled (m, p)."""
    rng = np.random.default_rng(seed)
    plain, shuffled = np.empty(len(task.rows)), np.empty(task.drivers.shape)
    for fitted, held in task.parts:
        forest = RandomForestRegressor(
            trees, min_samples_leaf=LEAF, max_features=1 / 3, n_jobs=1, random_state=int(rng.integers(2**31))
        )
        forest.fit(task.drivers[fitted], task.outcome[fitted], sample_weight=task.weights[fitted])
        x, y = task.drivers[held], task.outcome[held]
        plain[held] = (y - forest.predict(x)) ** 2
        for j in range(x.shape[1]):
            shuffled[held, j] = _with_shuffled(forest, x, y, j, rng)
    return plain, shuffled


def _with_shuffled(
    forest: RandomForestRegressor, x: np.ndarray, y: np.ndarray, j: int, rng: np.random.Generator
) -> np.ndarray:
    """Give squared errors (m,) when answers to driver j, gaps too, are those of others: the mean of some shuffles."""
    copies = np.tile(x, (SHUFFLES, 1))
    copies[:, j] = np.concatenate([rng.permutation(x[:, j]) for _ in range(SHUFFLES)])
    losses: np.ndarray = ((y - forest.predict(copies).reshape(SHUFFLES, -1)) ** 2).mean(axis=0)
    return losses


def _line(task: _Task) -> np.ndarray:
    """Give squared errors out of fold (m,) of the linear model."""
    losses = np.empty(len(task.rows))
    for fitted, held in task.parts:
        found = moments(task.values[fitted], task.weights[fitted, None], tolerance=TOLERANCE)
        unseen = task.values[held].copy()
        unseen[:, 0] = np.nan
        losses[held] = (task.outcome[held] - expected(unseen, found)[:, 0]) ** 2
    return losses


def _unexplained(losses: np.ndarray, outcome: np.ndarray, sets: np.ndarray) -> np.ndarray:
    """Give mean losses as shares of the outcome's variance under each set of weights, (sets, k); NaN where it is 0."""
    total = sets.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sets.T @ outcome / total
        variance = sets.T @ outcome**2 / total - mean**2
        shares: np.ndarray = (sets.T @ losses) / (total * np.where(variance > 1e-12, variance, np.nan))[
            :, None
        ]
    return shares


def _result(survey: Survey, read: Sample, task: _Task, shares: np.ndarray) -> estimate.Result:
    level, df = survey.round.level, degrees(survey.design, read.used, survey.round.draws)
    gains = (
        np.column_stack([1 - shares[:, 0], shares[:, 1] - shares[:, 0], shares[:, 2:] - shares[:, :1]]) * 100
    )
    drawn = Drawn(gains[0], gains[1:])
    low, high = drawn.interval(level, df)
    shown = bool(low[0] > 0)
    extra = {
        "outcome": read.outcome.label,
        "shown": "yes" if shown else "no",
        "r2": float(gains[0, 0]),
        "r2_low": float(low[0]),
        "r2_high": float(min(high[0], 100.0)),
        "linear_r2": float(100 * (1 - shares[0, 1])),
        "difference": float(gains[0, 1]),
        "difference_low": float(low[1]),
        "difference_high": float(high[1]),
        "folds": len(task.parts),
        "left_out": read.left_out,
        "notes": _notes(shown, float(low[1]), float(high[1])),
    }
    table = _table(read, task, drawn, low, high) if shown else pd.DataFrame(columns=COLUMNS)
    base = f"回答了“{read.outcome.label}”的企业"
    return estimate.Result(table, "forest", "%", base, len(survey.responses), extra)


def _table(read: Sample, task: _Task, drawn: Drawn, low: np.ndarray, high: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "item": [item.code for item in read.items],
            "label": [item.label for item in read.items],
            "estimate": drawn.point[2:],
            "std_error": drawn.std_error[2:],
            "conf_low": low[2:],
            "conf_high": high[2:],
            "n": (~np.isnan(task.drivers)).sum(axis=0),
        }
    )
    return table.sort_values("estimate", ascending=False, kind="stable", ignore_index=True)


def _notes(shown: bool, low: float, high: float) -> tuple[str, ...]:
    """Say what the comparison tells a reader."""
    if not shown:
        return ("随机森林对未参与拟合的企业没有可靠的预测力（R² 的区间含 0），各项的结果不列出",)
    if low > 0:
        return ("随机森林比线性模型预测得更准：有的关联不是直线，或要几项合起来看",)
    if high < 0:
        return ("线性模型比随机森林预测得更准：没有迹象表明关联不是直线",)
    return ("随机森林与线性模型预测得一样准：没有迹象表明关联不是直线",)
