"""Whether what goes with satisfaction is the same in every size class, in city districts and in counties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalpkg import estimate
from evalpkg.drivers import sample
from evalpkg.drivers.drawn import Drawn
from evalpkg.drivers.importance import DriversError, lmg
from evalpkg.drivers.sample import Sample
from evalpkg.groups import COLUMNS, MOST, NEIGHBOURS, Group, candidates, check, together
from evalpkg.params import ParamsError

if TYPE_CHECKING:
    from evalpkg.survey import Survey

LEAST, PER_DRIVER = 100, 10  # respondents with the outcome: at least these, and so many for every driver


def by(survey: Survey, column: str, groups: Mapping[str, str] | None = None) -> estimate.Result | None:
    """Give the drivers' shares within each group, and in which their parts differ from the rest of the enterprises.

    Parameters
    ----------
    survey
        As for `shares`.
    column
        Column of ``survey.responses``: ``"size"``, ``"district"``, ...
    groups
        Category to the name of its group, where categories are to be taken together. Districts are grouped by their kind
        (``kind`` in districts.csv) where omitted and there are more than four.

    Returns
    -------
    Result or None
        A row per group and driver: `group`, `group_label`, `item`, `label`, `estimate` (per cent of the variance of the
        outcome within the group), `std_error`, `conf_low`, `conf_high`, `n` (of the group, who answered the driver),
        `relative` (its part of what all drivers explain, per cent), `difference` (of `relative`, from the rest of the
        enterprises, percentage points), `difference_low`, `difference_high` (of all rows at once, Bonferroni), `differs`
        ("more", "less", "no": where these leave 0 out). Groups with fewer than 100 respondents, or 10 a driver, who gave
        the outcome are left out, size classes taken together with a neighbour first. Empty where fewer than two groups are
        left. `extra`: `outcome`, `left_out` and `notes` (tuples of Chinese sentences). None where not asked.

    Raises
    ------
    DriversError
        As `shares`; a column that may not be compared; more than four groups and nothing that says how to group them.

    Notes
    -----
    Domain estimation: weights and replicate weights of the whole design, 0 outside the group. Interval and test from the
    cluster bootstrap, t with the effective degrees of freedom of a mean over the group, less what the number of replicates
    leaves open; `difference` on the arcsine of the root of `relative`.
    """
    with _refusing():
        check(column)
    read = sample.read(survey)
    if read is None or column not in survey.responses or survey.responses[column].isna().all():
        return None
    found, left_out, notes = _groups(survey, read, column, groups)
    fault = _fault(read, found)
    table = _empty() if fault else _table(survey, read, found)
    notes += [fault] if fault else []
    extra = {"outcome": read.outcome.label, "left_out": tuple(left_out), "notes": tuple(notes)}
    base = f"组内至少回答了“{read.outcome.label}”或其中一项的企业"
    return estimate.Result(table, f"drivers_by_{column}", "%", base, survey.n, extra)


def _fault(read: Sample, found: list[Group]) -> str:
    """Say why there is nothing to compare, "" where there is."""
    if len(read.items) < 2:
        return "可以分析的只有一个方面，它在各组里都占全部份额，无从比较"
    return "人数足够的组不到两个，无从比较" if len(found) < 2 else ""


def _groups(
    survey: Survey, read: Sample, column: str, groups: Mapping[str, str] | None
) -> tuple[list[Group], list[str], list[str]]:
    """Give the groups with enough respondents, what was left out, and what was taken together."""
    least = max(LEAST, PER_DRIVER * len(read.items))
    given = ~np.isnan(read.answers[:, 0]) & (survey.design.weights > 0)
    with _refusing():
        found = candidates(survey.responses, survey.codebook, survey.round, column, groups)

    def size(group: Group) -> int:
        return int((group.inside(survey.responses) & given).sum())

    notes: list[str] = []
    if column in NEIGHBOURS and groups is None:
        found, notes = together(found, size, least)
    enough = [group for group in found if size(group) >= least]
    few = [group.label for group in found if group not in enough]
    left_out = [f"回答总体满意度的企业不足 {least} 家，不单列：{'、'.join(few)}"] if few else []
    if len(enough) > MOST and column not in NEIGHBOURS:
        raise DriversError(
            f"分组比较：{COLUMNS[column]}有 {len(enough)} 组，最多 {MOST} 组；请用 groups 说明哪些类别归为一组"
        )
    return enough, left_out, notes


@contextmanager
def _refusing() -> Iterator[None]:
    """Let what cannot be grouped be refused as other analyses of drivers are."""
    try:
        yield
    except ParamsError as error:
        raise DriversError(str(error)) from error


def _table(survey: Survey, read: Sample, groups: list[Group]) -> pd.DataFrame:
    replicates = sample.replicates(survey)
    family = len(groups) * len(read.items)
    rows = [_of_group(survey, read, replicates, group, family) for group in groups]
    return pd.concat(rows, ignore_index=True)


def _of_group(
    survey: Survey, read: Sample, replicates: np.ndarray, group: Group, family: int
) -> pd.DataFrame:
    """Give the rows of one group, of `family` rows in all."""
    inside = group.inside(survey.responses)
    own, rest = (_shares(survey, read, replicates, rows) for rows in (inside, ~inside))
    level, df = survey.round.level, _freedom(survey, read, inside)
    low, high = own.share_interval(level, df)
    keys = {"group": group.code, "group_label": group.label}
    return pd.DataFrame(
        {
            **keys,
            "item": [item.code for item in read.items],
            "label": [item.label for item in read.items],
            "estimate": own.point * 100,
            "std_error": own.std_error * 100,
            "conf_low": low * 100,
            "conf_high": high * 100,
            "n": (~np.isnan(read.answers[inside, 1:])).sum(axis=0),
            "relative": 100 * _relative(own.point),
            **_unlike(own, rest, 1 - (1 - level) / family, df),
        }
    )


def _unlike(own: Drawn, rest: Drawn, level: float, df: float) -> dict[str, np.ndarray]:
    """Compare the relative shares: difference in percentage points with limits, and whether these leave 0 out."""
    angle = Drawn(_angle(own.point) - _angle(rest.point), _angle(own.all_draws) - _angle(rest.all_draws))
    # the interval of the angles, in percentage points by how far apart the two parts lie
    points = 100 * _ratio(_relative(own.point) - _relative(rest.point), angle.point)
    low, high = angle.interval(level, df)
    return {
        "difference": points * angle.point,
        "difference_low": points * low,
        "difference_high": points * high,
        "differs": np.select([low > 0, high < 0], ["more", "less"], "no"),
    }


def _shares(survey: Survey, read: Sample, replicates: np.ndarray, inside: np.ndarray) -> Drawn:
    """LMG shares among the respondents inside; a replicate that leaves too few of them has NaN."""
    part = replace(read, used=read.used & inside)
    drawn = replicates[part.used] > 0
    enough = drawn.sum(axis=0) > 2 * len(read.items)
    point, draws = sample.fitted(part, survey.design.weights, replicates[:, enough])
    shares = np.full((replicates.shape[1], len(read.items)), np.nan)
    shares[enough] = lmg(draws.covariance)
    return Drawn(lmg(point.covariance[0]), shares)


def _relative(shares: np.ndarray) -> np.ndarray:
    total = shares.sum(axis=-1, keepdims=True)
    parts: np.ndarray = np.divide(shares, total, out=np.full_like(shares, np.nan), where=total > 0)
    return parts


def _angle(shares: np.ndarray) -> np.ndarray:
    """Arcsine of the root of relative shares: as a share is about the square of a coefficient, its spread is then even.

    The smaller a share comes out, the smaller its standard error, so that small shares would seem to differ from all others.
    """
    return np.asarray(np.arcsin(np.sqrt(np.clip(_relative(shares), 0.0, 1.0))))


def _ratio(apart: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Shares' difference per difference of angles, 1 where there is neither."""
    same = np.abs(angles) < 1e-12
    return np.where(same, 1.0, apart / np.where(same, 1.0, angles))


def _freedom(survey: Survey, read: Sample, inside: np.ndarray) -> float:
    """Effective degrees of freedom of a mean over the group: few clusters, or a few heavy weights, leave few.

    The spread of the replicates varies by their number as well (as in `freedom.degrees`).
    """
    influence = np.where(read.used & inside, survey.design.weights, 0.0)
    df = float(max(estimate.small_sample(influence, survey.design).df[0], 1.0))
    return max(1.0, 1 / (1 / df + 1 / (survey.round.draws - 1)))


def _empty() -> pd.DataFrame:
    words, numbers = (
        ["group", "group_label", "item", "label"],
        ["estimate", "std_error", "conf_low", "conf_high"],
    )
    more = ["relative", "difference", "difference_low", "difference_high"]
    table = pd.DataFrame({name: pd.Series(dtype=object) for name in words})
    table = table.assign(**{name: pd.Series(dtype=float) for name in numbers}, n=pd.Series(dtype=int))
    return table.assign(**{name: pd.Series(dtype=float) for name in more}, differs=pd.Series(dtype=object))
