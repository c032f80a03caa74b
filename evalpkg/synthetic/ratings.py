"""Contact with departments and ratings of them, with the true means behind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from . import world
from .firms import Effects, Firms
from .world import BLANK, NO_CONTACT, REFUSED, SKIP, UNKNOWN


@dataclass(frozen=True)
class Offices:
    """The departments of one round as they truly are: arrays of length d.

    `mean` is 0-100 if every firm of the city rated; `of_contacts` among the firms that dealt with the department
    (harsh raters meet regulators more often); `level` the latent mean; `intercept` the logit of contact.
    """

    codes: list[str]
    roles: list[str]
    mean: np.ndarray
    of_contacts: np.ndarray
    level: np.ndarray
    intercept: np.ndarray
    contact: np.ndarray


def true_means(
    seed: int, round_id: str, codes: list[str], effects_of_measures: dict[str, float]
) -> np.ndarray:
    """Add up the base mean, a small random walk from round to round, and what measures have done by then."""
    walk = world.generator(seed, "all", "drift").normal(0, world.DRIFT_SD, (len(world.WAVES), len(codes)))
    walk[0] = 0
    base = np.array([world.DEPARTMENT_MEANS[code] for code in codes])
    gain = np.array([effects_of_measures.get(code, 0.0) for code in codes])
    return np.asarray(base + walk.cumsum(axis=0)[world.number_of(round_id)] + gain)


def spread_of_persons(population: pd.DataFrame, truth: Effects) -> tuple[float, float]:
    """Compute mean and variance of the person's level over the city (latent), severity included."""
    weight = population["N"].to_numpy(dtype=float)
    shift = (population["district"].map(truth.district) + population["size"].map(world.SIZE_EFFECT)).to_numpy(
        float
    )
    mean = float(np.average(shift, weights=weight))
    between = float(np.average((shift - mean) ** 2, weights=weight))
    return mean, between + world.CHAMBER_SD**2 + world.SEVERITY_SD**2


def expected(level: np.ndarray, variance: float | np.ndarray) -> np.ndarray:
    """Compute the expected score on 0-100 of a latent normal level with this variance of persons around it and noise 1."""
    above = ndtr(
        (np.asarray(level)[..., None] - np.array(world.CUTS)) / np.sqrt(1 + np.asarray(variance))[..., None]
    )
    return np.asarray(above.sum(axis=-1) * 25)


def latent(mean: np.ndarray, variance: float) -> np.ndarray:
    """Invert `expected` by bisection."""
    low, high = np.full(len(mean), -4.0), np.full(len(mean), 4.0)
    for _ in range(50):
        middle = (low + high) / 2
        below = expected(middle, np.full(len(mean), variance)) < mean
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


def offices(
    departments: pd.DataFrame, population: pd.DataFrame, truth: Effects, mean: np.ndarray, trend: float
) -> Offices:
    """Work out latent levels, contact intercepts and the true mean among contacts."""
    centre, variance = spread_of_persons(population, truth)
    level = latent(mean, variance) - centre - world.CHANGE_OF_ROUND * trend
    codes, roles = departments["code"].tolist(), departments["role"].tolist()
    rates = departments["synthetic_contact_rate"].astype(float).to_numpy()
    grid = _Grid(population, truth)
    push = grid.push(codes, roles)
    intercept = _solve(push, grid.weight, rates)
    chance = grid.weight[:, None] / (1 + np.exp(-(push + intercept)))
    persons = grid.person[:, None] + level + world.CHANGE_OF_ROUND * trend
    scores = expected(persons, np.full(persons.shape, world.CHAMBER_SD**2))
    of_contacts = (chance * scores).sum(axis=0) / chance.sum(axis=0)
    return Offices(codes, roles, mean, of_contacts, level, intercept, rates)


class _Grid:
    """Quadrature over the city: size x trade x district means x severity x activity, with weights summing to 1."""

    def __init__(self, population: pd.DataFrame, truth: Effects, nodes: int = 7) -> None:
        cells = population.assign(shift=population["district"].map(truth.district) * population["N"])
        cells = cells.groupby(["size", "industry"], sort=False)[["N", "shift"]].sum().reset_index()
        point, share = np.polynomial.hermite_e.hermegauss(nodes)
        share = share / share.sum()
        cell, harsh, busy = (part.ravel() for part in np.indices((len(cells), nodes, nodes)))
        self.size = cells["size"].to_numpy()[cell]
        self.industry = cells["industry"].to_numpy()[cell]
        self.severity = point[harsh]
        self.activity = point[busy] * world.ACTIVITY_SD
        self.weight = (cells["N"] / cells["N"].sum()).to_numpy()[cell] * share[harsh] * share[busy]
        place = (cells["shift"] / cells["N"]).to_numpy()[cell]
        size = np.array([world.SIZE_EFFECT[value] for value in self.size])
        self.person = self.severity * world.SEVERITY_SD + place + size

    def push(self, codes: list[str], roles: list[str]) -> np.ndarray:
        return contact_logit(self.size, self.industry, self.severity, self.activity, codes, roles)


def contact_logit(
    size: np.ndarray,
    industry: np.ndarray,
    severity: np.ndarray,
    activity: np.ndarray,
    codes: list[str],
    roles: list[str],
) -> np.ndarray:
    """Compute the logit of contact (rows x departments) before the department's own intercept; `severity` in sd, + = mild."""
    by_role = {role: np.array([world.CONTACT_SIZE[role][value] for value in size]) for role in set(roles)}
    columns = []
    for code, role in zip(codes, roles, strict=True):
        trade = world.CONTACT_GROUP.get(code, {})
        push = np.array([trade.get(group, 0.0) for group in world.GROUPS])[_position(industry)]
        columns.append(by_role[role] + activity - world.HARSH_CONTACT[role] * severity + push)
    return np.column_stack(columns)


def _position(industry: np.ndarray) -> np.ndarray:
    return pd.Categorical(industry, categories=world.GROUPS).codes


def _solve(push: np.ndarray, weight: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Find the intercepts at which the city's contact rates are exactly those of the reference table."""
    low, high = np.full(len(rates), -8.0), np.full(len(rates), 8.0)
    for _ in range(40):
        middle = (low + high) / 2
        below = weight @ (1 / (1 + np.exp(-(push + middle)))) < rates
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


@dataclass(frozen=True)
class Rated:
    """Contact (n, d): 0 none, 1 online, 2 visit, 3 inspected, -2 blank. Rating (n, d): 1-5 or a missing code."""

    contact: np.ndarray
    rating: np.ndarray


def draw(firms: Firms, wave: world.Wave, truth: Offices, seed: int) -> Rated:
    """Draw contact and ratings of every firm."""
    contact = _contact(firms, wave, truth, world.generator(seed, wave.id, "contact"))
    rng = world.generator(seed, wave.id, "ratings")
    value = (
        truth.level
        + firms.person[:, None]
        + np.array(world.KIND_EFFECT)[contact]
        + rng.normal(size=contact.shape)
    )
    rating = 1 + np.searchsorted(world.CUTS, value)
    paper = (firms.table["mode"] == "paper").to_numpy()[:, None]
    chance = rng.random(contact.shape)
    rating = np.where(
        chance < 0.030, UNKNOWN, np.where(chance < 0.034, REFUSED, np.where(chance < 0.040, BLANK, rating))
    )
    # On paper nothing is hidden: firms tick "not dealt with"; the web form skips the row.
    absent = np.where(paper, NO_CONTACT, SKIP)
    return _slips(Rated(contact, np.where(contact == 0, absent, rating)), paper.ravel(), rng)


def _contact(firms: Firms, wave: world.Wave, truth: Offices, rng: np.random.Generator) -> np.ndarray:
    table = firms.table
    push = contact_logit(
        table["size"].to_numpy(), table["industry"].to_numpy(), firms.severity / world.SEVERITY_SD, firms.activity,
        truth.codes, truth.roles,
    )  # fmt: skip
    met = rng.random(push.shape) < 1 / (1 + np.exp(-(push + truth.intercept)))
    kinds = np.array([_kinds(role, wave) for role in truth.roles])
    return np.where(
        met, 1 + (rng.random(push.shape)[..., None] > kinds.cumsum(axis=1)[:, :2]).sum(axis=-1), 0
    )


def _kinds(role: str, wave: world.Wave) -> list[float]:
    online, visit, inspected = world.KINDS[role]
    share = online / (online + visit) * wave.online / world.WAVES["2021H2"].online
    return [share * (online + visit), (1 - share) * (online + visit), inspected]


def _slips(rated: Rated, paper: np.ndarray, rng: np.random.Generator) -> Rated:
    """Leave a few blanks in the contact block; let a paper form now and then rate an office it did not meet."""
    blank = rng.random(rated.contact.shape) < 0.003
    contact = np.where(blank, BLANK, rated.contact)
    slip = (rng.random(rated.contact.shape) < 0.001) & paper[:, None] & (rated.contact == 0) & ~blank
    return Rated(contact, np.where(slip, rng.integers(3, 6, slip.shape), rated.rating))
