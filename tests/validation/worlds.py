"""Synthetic worlds whose truth is known exactly, and samples drawn from them as a round is.

Parameters are those of the demo rounds (`evalpkg.synthetic.world`): persons, districts, chambers, contact, the five
steps of the scale, the disproportionate sample by size, place and trade. What a world adds is chambers drawn at
random from endlessly many, so that sampling by chamber is real, and harsh firms that meet some roles more often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import elementwise
from scipy.special import expit, ndtr, ndtri

from evalpkg import weights
from evalpkg.estimate import Design
from evalpkg.synthetic import firms, population, ratings, world

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WAVE = world.WAVES["2021H2"]
DISTRICTS = [code for code in world.DISTRICTS if code not in ("JL", "YS0", "MJ0")]  # in force in that round
DEPARTMENTS = Path(__file__).parents[2] / "data" / "reference" / "departments.csv"
MARGINS = ("district", "size", "industry")
FIRMS = 1_000
OVERALL, BEST = 80.0, 100.0  # true mean of the item that every firm answers; the best score
POINTS = 12.0  # points of a latent unit in a linear world, about the slope of the five steps
CHAMBER_SPREAD = 0.6  # log sd of the chambers' sizes; a coefficient of variation of .6, as in the demo
NEIGHBOURS = (
    1.0  # districts by which a firm's chamber may be off; half of a chamber's firms are then of one district
)
INTERACTION_SD = 0.12  # how differently chambers see one and the same department (latent)
CONFOUNDED = {"regulator": 0.9, "judiciary": 0.6, "service": -0.2, "utility": -0.2}  # logit a sd of harshness
NODES = 15


@dataclass(frozen=True, eq=False)
class World:
    """An invented city: C cells of enterprises and d items, the last of which every firm answers.

    Attributes
    ----------
    cells : DataFrame, C rows
        district, size, industry, N (enterprises).
    place : ndarray, shape (C,)
        Latent shift of the cell's firms.
    push : ndarray, shape (C, d)
        Logit of contact of the cell before the item's own intercept.
    local : ndarray, shape (C, d)
        Latent shift of an item in a cell: how a place differs on this item alone.
    level, intercept, harsh : ndarray, shape (d,)
        Latent mean, intercept of the logit of contact, and what a standard deviation of harshness adds to it.
    chambers : int
        Chambers in a sample; 0 where firms came by themselves.
    even : bool
        Chambers of equal size; else as unequal as the demo's.
    interaction : float
        Standard deviation of chamber by item (latent).
    linear : bool
        Scores are the latent value on a line, so that the additive model holds exactly; else five steps.
    """

    cells: pd.DataFrame
    place: Floats
    push: Floats
    local: Floats
    level: Floats
    intercept: Floats
    harsh: Floats
    chambers: int
    even: bool
    interaction: float
    linear: bool

    @cached_property
    def share(self) -> Floats:
        """Enterprises of each cell as a share of the city, (C,)."""
        counts = self.cells["N"].to_numpy(dtype=float)
        return np.asarray(counts / counts.sum())

    @cached_property
    def margins(self) -> weights.Margins:
        """Population totals that a sample is raked to."""
        return {name: self.cells.groupby(name)["N"].sum() for name in MARGINS}

    @cached_property
    def reach(self) -> list[tuple[Ints, Floats]]:
        """Per size: its cells and the cumulated chances of drawing them."""
        district, industry = (self.cells[name] for name in ("district", "industry"))
        chance = self.cells["N"] * district.map(world.DISTRICT_REACH) * industry.map(world.GROUP_REACH)
        parts = [np.flatnonzero(self.cells["size"] == size) for size in world.SIZES]
        return [(rows, np.asarray(chance.iloc[rows].cumsum() / chance.iloc[rows].sum())) for rows in parts]

    @property
    def unseen(self) -> float:
        """Latent variance of chambers, alone and with an item."""
        return world.CHAMBER_SD**2 + self.interaction**2


@dataclass(frozen=True, eq=False)
class Sample:
    """A round drawn from a world and weighted as the recipe weights it.

    `ratings` (n, d) 0-100 with NaN where there was no contact, the item that everyone answers last; `design`
    raked, with its clusters; `place` (n,) the cell of each firm in the world, `mode` (n,) how it was asked.
    """

    ratings: Floats
    design: Design
    place: Ints
    mode: NDArray[np.str_]

    @property
    def departments(self) -> Floats:
        """Ratings of departments alone, (n, d - 1)."""
        return self.ratings[:, :-1]

    @property
    def overall(self) -> Floats:
        """Answers to the item that everyone answers, (n,)."""
        return self.ratings[:, -1]


@cache
def reference() -> pd.DataFrame:
    """Read code, role and contact rate of the 35 departments."""
    table = pd.read_csv(DEPARTMENTS, encoding="utf-8-sig")
    return table[["code", "role", "synthetic_contact_rate"]]


def demo_means() -> Floats:
    """Give the demo's true means of the departments, (35,)."""
    return np.array([world.DEPARTMENT_MEANS[code] for code in reference()["code"]])


# --- building ---------------------------------------------------------------------------------------------


def build(
    means: Floats,
    *,
    chambers: int,
    even: bool = False,
    harsh: Mapping[str, float] = world.HARSH_CONTACT,
    interaction: float = INTERACTION_SD,
    linear: bool = False,
    rates: Floats | None = None,
    local: Floats | None = None,
) -> World:
    """Build a world; equal means are exactly equal in it.

    Parameters
    ----------
    means : ndarray, shape (35,)
        On 0-100, aimed at as if places were normal; `if_all_rated` says what came of it.
    chambers, even, interaction, linear
        As in `World`.
    harsh
        By role: what a standard deviation of harshness adds to the logit of contact.
    rates : ndarray, shape (35,), optional
        Contact rates in the city; those of the reference table where omitted.
    local : ndarray, shape (districts, 35), optional
        How a district differs on a department alone (latent); mean 0 by department.
    """
    cells, table = population.table(WAVE, DISTRICTS), reference()
    truth = firms.effects(world.SEED, [])
    centre, variance = ratings.spread_of_persons(cells, truth)
    aims = np.append(means, OVERALL)
    level = (aims - OVERALL) / POINTS if linear else ratings.latent(aims, variance + interaction**2)
    place = cells["district"].map(truth.district) + cells["size"].map(world.SIZE_EFFECT)
    nobody = np.zeros(len(cells))
    push = ratings.contact_logit(
        cells["size"].to_numpy(), cells["industry"].to_numpy(), nobody, nobody, table["code"].tolist(),
        table["role"].tolist(),
    )  # fmt: skip
    made = World(
        cells=cells,
        place=place.to_numpy(dtype=float),
        push=np.column_stack([push, nobody]),
        local=np.zeros((len(cells), len(aims))) if local is None else _by_place(local, cells),
        level=level - centre,
        intercept=np.full(len(aims), np.inf),
        harsh=np.append([harsh[role] for role in table["role"]], 0.0),
        chambers=chambers,
        even=even,
        interaction=interaction,
        linear=linear,
    )
    wanted = table["synthetic_contact_rate"].to_numpy(dtype=float) if rates is None else rates
    return replace(made, intercept=np.append(_intercepts(made, wanted), np.inf))


def _by_place(local: Floats, cells: pd.DataFrame) -> Floats:
    district = cells["district"].map({code: at for at, code in enumerate(DISTRICTS)}).to_numpy()
    return np.column_stack([local, np.zeros(len(local))])[district]


def _intercepts(made: World, rates: Floats) -> Floats:
    """Solve for the intercepts at which the city's contact rates are these."""
    nodes = _Nodes(made)

    def excess(intercept: Floats, item: Ints, rate: Floats) -> Floats:
        return np.asarray(nodes.weight @ expit(nodes.logit[:, item] + intercept) - rate)

    items = np.arange(len(rates))
    found = elementwise.find_root(
        excess, (np.full(len(rates), -9.0), np.full(len(rates), 9.0)), args=(items, rates)
    )
    return np.asarray(found.x)


class _Nodes:
    """Quadrature over cell x severity x activity: latent mean and logit of contact without intercept, (nodes, d)."""

    def __init__(self, made: World) -> None:
        point, share = np.polynomial.hermite_e.hermegauss(NODES)
        share = share / share.sum()
        cell, sever, busy = (part.ravel() for part in np.indices((len(made.place), NODES, NODES)))
        self.weight = made.share[cell] * share[sever] * share[busy]
        keep = self.weight > 1e-9  # the far corners of the grid hold less than a firm
        cell, sever, busy, self.weight = cell[keep], sever[keep], busy[keep], self.weight[keep]
        self.latent = _centres(made)[cell] + world.SEVERITY_SD * point[sever, None]
        self.logit = made.push[cell] + world.ACTIVITY_SD * point[busy, None] - made.harsh * point[sever, None]


# --- truth ------------------------------------------------------------------------------------------------


def if_all_rated(made: World) -> Floats:
    """Compute the mean score of each item if every firm of the city rated it, (d,)."""
    spread = made.unseen + world.SEVERITY_SD**2
    return np.asarray(made.share @ _expected(made, _centres(made), spread))


def by_district(made: World) -> Floats:
    """Compute the same within each district, (districts, d)."""
    score = _expected(made, _centres(made), made.unseen + world.SEVERITY_SD**2)
    inside = (made.cells["district"].to_numpy() == np.array(DISTRICTS)[:, None]) * made.share
    return np.asarray(inside @ score / inside.sum(axis=1, keepdims=True))


def _centres(made: World) -> Floats:
    """Latent mean of each cell on each item, (C, d)."""
    return made.place[:, None] + made.level + made.local


def among_contacts(made: World) -> Floats:
    """Compute the mean score of each item among the firms that deal with it, (d,)."""
    nodes = _Nodes(made)
    contact = nodes.weight[:, None] * expit(nodes.logit + made.intercept)
    scores = _expected(made, nodes.latent, made.unseen)
    return np.asarray((contact * scores).sum(axis=0) / contact.sum(axis=0))


def contact_rates(made: World) -> Floats:
    """Compute the share of firms that deal with each item, (d,)."""
    nodes = _Nodes(made)
    return np.asarray(nodes.weight @ expit(nodes.logit + made.intercept))


def satisfied(made: World) -> float:
    """Compute the share of firms that give the item everyone answers its best score."""
    spread = np.sqrt(1 + made.unseen + world.SEVERITY_SD**2)
    return float(made.share @ ndtr((_centres(made)[:, -1] - world.CUTS[-1]) / spread))


def _expected(made: World, latent: Floats, variance: float) -> Floats:
    return (
        OVERALL + POINTS * latent
        if made.linear
        else ratings.expected(latent, np.full(latent.shape, variance))
    )


# --- samples ----------------------------------------------------------------------------------------------


def draw(
    made: World,
    rng: np.random.Generator,
    n: int = FIRMS,
    *,
    sizes: Sequence[float] = WAVE.sizes,
    modes: Mapping[str, float] | None = None,
    seen: Floats | None = None,
) -> Sample:
    """Draw a round: numbers by size as fixed by quota, chambers anew, contact, ratings, raked weights.

    `sizes` are the shares of the sample; `modes`, where given, shares of the ways of asking, each with the demo's effect;
    `seen` (chambers, d) how chambers see each item, where they are those of another round.
    """
    cell = _cells(made, rng, n, sizes)
    chamber = np.searchsorted(_sizes(made, rng, n).cumsum(), _queue(made, cell, rng), side="right")
    severity, activity = rng.normal(size=(2, n))
    groups, items = int(chamber.max()) + 1, len(made.level)
    if seen is None:
        seen = views(made, rng, groups)
    mode = rng.choice(list(modes), n, p=list(modes.values())) if modes else np.full(n, "online")
    latent = _centres(made)[cell] + world.SEVERITY_SD * severity[:, None] + seen[chamber]
    latent += rng.normal(size=(n, items)) + np.array([world.MODE_EFFECT[one] for one in mode])[:, None]
    logit = (
        made.push[cell]
        + world.ACTIVITY_SD * activity[:, None]
        - made.harsh * severity[:, None]
        + made.intercept
    )
    met = rng.random((n, items)) < expit(logit)
    frame = made.cells.iloc[cell].loc[:, list(MARGINS)].reset_index(drop=True)
    final = weights.rake(frame, made.margins)
    return Sample(
        ratings=np.where(met, _score(made, latent), np.nan),
        design=Design(
            final, base_weights=final, calibration=frame, clusters=chamber if made.chambers else None
        ),
        place=cell,
        mode=mode,
    )


def views(made: World, rng: np.random.Generator, groups: int) -> Floats:
    """Draw how chambers see each item (latent), (groups, d)."""
    alone, together = (
        rng.normal(0, world.CHAMBER_SD, (groups, 1)),
        rng.normal(0, made.interaction, (groups, len(made.level))),
    )
    return np.asarray(alone + together)


def _score(made: World, latent: Floats) -> Floats:
    return np.asarray(
        OVERALL + POINTS * latent if made.linear else 25.0 * np.searchsorted(world.CUTS, latent)
    )


def _queue(made: World, cell: Ints, rng: np.random.Generator) -> Ints:
    """Give the place of each firm in the queue that chambers take their firms from, (n,).

    Unequal chambers are those of a place, as in the demo: on average half of a chamber's firms are of one district, so
    that raking on districts takes out much of what chambers differ by. Otherwise firms stand as chance has it.
    """
    if made.even or not made.chambers:
        return rng.permutation(len(cell))
    district = pd.factorize(made.cells["district"])[0][cell]
    return np.argsort(np.argsort(district + rng.normal(0, NEIGHBOURS, len(cell))))


def _sizes(made: World, rng: np.random.Generator, n: int) -> Ints:
    """Firms of each chamber: equal, or lognormal quantiles in any order; one each where firms came by themselves."""
    groups = made.chambers or n
    spread = 0.0 if made.even or not made.chambers else CHAMBER_SPREAD
    sizes = np.exp(spread * ndtri((np.arange(groups) + 0.5) / groups))
    edges = np.rint(n * sizes.cumsum() / sizes.sum()).astype(np.int64)
    return rng.permutation(np.diff(edges, prepend=0))


def _cells(made: World, rng: np.random.Generator, n: int, sizes: Sequence[float]) -> Ints:
    """Cells of the sampled firms, (n,): quota by size, then places and trades by reach."""
    quota = np.diff(np.rint(n * np.cumsum(sizes) / np.sum(sizes)).astype(int), prepend=0)
    drawn = zip(made.reach, quota, strict=True)
    return np.concatenate(
        [rows[np.searchsorted(chance, rng.random(count))] for (rows, chance), count in drawn]
    )
