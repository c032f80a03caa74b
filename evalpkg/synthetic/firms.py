"""The sampled enterprises of a round: who answers, through which chamber and mode, and what they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from . import world

# Staff and revenue bands of the questionnaire, lower bounds
STAFF_BANDS = np.array([0, 5, 10, 20, 50, 100, 200, 300, 1000])
REVENUE_BANDS = np.array([0, 50, 100, 300, 500, 1000, 2000, 5000, 10000, 40000])
RULES = {  # name of the size rules that a section follows (statistical size classes of 2017)
    "A": "农林牧渔业", "B": "工业", "C": "工业", "D": "工业", "E": "建筑业", "F": "零售业", "G": "交通运输业", "H": "餐饮业",
    "I": "软件和信息技术服务业", "J": "其他未列明行业", "K": "物业管理", "L": "租赁和商务服务业", "M": "其他未列明行业",
}  # fmt: skip


@dataclass(frozen=True)
class Firms:
    """A round's enterprises: `table` has district, size, industry, section, chamber, mode; `person` the true level.

    `severity` (n,) is the rater's own mildness (latent, mean 0), `person` (n,) adds district, chamber, size, mode
    and round, `activity` (n,) the firm's propensity to deal with offices, `bloc` (n,) the planted identical forms.
    """

    table: pd.DataFrame
    severity: np.ndarray
    person: np.ndarray
    activity: np.ndarray
    bloc: np.ndarray

    @property
    def n(self) -> int:
        """Number of enterprises."""
        return len(self.table)


@dataclass(frozen=True)
class Effects:
    """True effects of places and chambers on every answer (latent units), equal in all rounds."""

    district: dict[str, float]
    chamber: dict[str, float]


def effects(seed: int, chambers: list[str]) -> Effects:
    """Draw the effects of districts and chambers; a renamed district keeps its own."""
    rng = world.generator(seed, "all", "effects")
    district = dict(
        zip(world.DISTRICTS, rng.normal(0, world.DISTRICT_SD, len(world.DISTRICTS)).round(3), strict=True)
    )
    district["YS"], district["MJ"] = district["YS0"], district["MJ0"]
    chamber = dict(zip(chambers, rng.normal(0, world.CHAMBER_SD, len(chambers)).round(3), strict=True))
    return Effects({k: float(v) for k, v in district.items()}, {k: float(v) for k, v in chamber.items()})


def draw(wave: world.Wave, population: pd.DataFrame, truth: Effects, seed: int) -> Firms:
    """Draw the sample of a round: fixed numbers by size and mode, places and trades by the chambers' reach."""
    rng = world.generator(seed, wave.id, "firms")
    table = pd.concat([_of_size(population, size, count, rng) for size, count in _quota(wave).items()])
    table = table.sample(frac=1, random_state=rng).reset_index(drop=True)
    table["section"] = [_pick(world.SECTIONS[group], rng) for group in table["industry"]]
    table["mode"] = rng.permutation(np.repeat(list(wave.returned), list(wave.returned.values())))
    table["chamber"] = [
        _chamber(place, trade, rng) for place, trade in zip(table["district"], table["industry"], strict=True)
    ]
    bloc = _bloc(table, wave, rng)
    table.loc[bloc, ["district", "industry", "section", "chamber"]] = [
        world.BLOC_DISTRICT,
        "批零住餐",
        "F",
        world.BLOC_CHAMBER,
    ]
    return with_persons(table, wave, truth, bloc, rng)


def with_persons(
    table: pd.DataFrame, wave: world.Wave, truth: Effects, bloc: np.ndarray, rng: np.random.Generator
) -> Firms:
    """Give every firm its severity, true level and propensity to deal with offices."""
    severity = rng.normal(0, world.SEVERITY_SD, len(table))
    person = severity + _shift(table, truth) + world.CHANGE_OF_ROUND * wave.trend
    return Firms(table, severity, person, rng.normal(0, world.ACTIVITY_SD, len(table)), bloc)


def _bloc(table: pd.DataFrame, wave: world.Wave, rng: np.random.Generator) -> np.ndarray:
    """Choose the small online firms whose forms are replaced by near-identical ones."""
    member = np.zeros(len(table), bool)
    if wave.id == world.BLOC_ROUND:
        small = np.flatnonzero(((table["mode"] == "online") & table["size"].isin(["S", "X"])).to_numpy())
        member[rng.choice(small, size=world.BLOC_SIZE, replace=False)] = True
    return member


def _shift(table: pd.DataFrame, truth: Effects) -> np.ndarray:
    parts = [
        table["district"].map(truth.district), table["chamber"].map(truth.chamber), table["size"].map(world.SIZE_EFFECT),
        table["mode"].map(world.MODE_EFFECT),
    ]  # fmt: skip
    return sum(part.to_numpy(dtype=float) for part in parts)  # type: ignore[return-value]


def _quota(wave: world.Wave) -> dict[str, int]:
    """Whole numbers by size that add up to the round's forms (largest remainders)."""
    exact = np.array(wave.sizes) / sum(wave.sizes) * wave.n
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact)[: wave.n - counts.sum()]] += 1
    return dict(zip(world.SIZES, counts.tolist(), strict=True))


def _of_size(population: pd.DataFrame, size: str, count: int, rng: np.random.Generator) -> pd.DataFrame:
    cells = population[population["size"] == size].reset_index(drop=True)
    reach = cells["district"].map(world.DISTRICT_REACH) * cells["industry"].map(world.GROUP_REACH)
    chance = (cells["N"] * reach).to_numpy(dtype=float)
    chosen = rng.choice(len(cells), size=count, p=chance / chance.sum())
    return cells.loc[chosen, ["district", "size", "industry"]]


def _pick(shares: dict[str, float], rng: np.random.Generator) -> str:
    return str(rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))


def _chamber(district: str, industry: str, rng: np.random.Generator) -> str:
    """District chambers recruit at home, trade chambers in the trade, the others anywhere."""
    home = world.DISTRICT_CHAMBERS.get(district)
    route = rng.random()
    if home and route < 0.42:
        return home
    pool = world.TRADE_CHAMBERS[industry] if route < 0.76 else world.OPEN_CHAMBERS
    return str(rng.choice(pool))


def profile(firms: Firms, wave: world.Wave, rules: pd.DataFrame, seed: int) -> dict[str, np.ndarray]:
    """Answer the block on the firm itself: codes of A3 to A9."""
    rng = world.generator(seed, wave.id, "profile")
    size = firms.table["size"].to_numpy()
    bands = _bands(firms.table, rules, rng)
    age = rng.choice(5, size=firms.n, p=[0.07, 0.18, 0.20, 0.27, 0.28]) + (size != "G") * rng.integers(
        0, 2, firms.n
    )
    trend = 0.25 * firms.person + 0.30 * wave.trend + rng.normal(0, 1, firms.n) + 0.2 * (size == "L")
    return {
        "A3": _legal_form(firms.table, rng),
        "A4": bands[:, 0],
        "A5": bands[:, 1],
        "A7": np.minimum(age + 1, 5),
        "A9": 1 + np.searchsorted([-1.35, -0.35, 0.65, 1.75], trend),
    }


def _legal_form(table: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    form = rng.choice([1, 2, 5], size=len(table), p=[0.89, 0.09, 0.02])
    farm = (table["industry"] == "农业").to_numpy() & (rng.random(len(table)) < 0.45)
    return np.where(table["size"] == "G", 3, np.where(farm, 4, form))


def _bands(table: pd.DataFrame, rules: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Choose staff and revenue bands (n, 2) that the official rules put into each firm's size class."""
    bands = np.full((len(table), 2), world.SKIP)
    keys = (table["section"] + table["size"]).to_numpy(dtype=str)
    limits = rules[["small_min", "medium_min", "large_min"]].to_numpy(dtype=float).tolist()
    named = zip(rules["industry"], rules["variable"], strict=True)
    steps = {key: (0.0, *row) for key, row in zip(named, limits, strict=True)}
    for key in np.unique(keys[(table["size"] != "G").to_numpy()]):
        rows = np.flatnonzero(keys == key)
        industry = RULES.get(key[0], "其他未列明行业")
        staff = _limits(steps.get((industry, "X"), (0, 10, 100, 300)), key[1])
        revenue = _limits(steps.get((industry, "Y"), (0, 100, 1000, 10000)), key[1])
        bands[rows, 0] = rng.choice(_fitting(STAFF_BANDS, *staff), size=len(rows))
        bands[rows, 1] = rng.choice(_fitting(REVENUE_BANDS, *revenue), size=len(rows))
    return bands


def _limits(steps: tuple[float, ...], size: str) -> tuple[float, float]:
    """Lower and upper limit of a size class."""
    place = "XSML".index(size)
    return steps[place], steps[place + 1] if place < 3 else np.inf


def _fitting(lower: np.ndarray, low: float, high: float) -> np.ndarray:
    """Bands (from 1) that begin inside the limits; where none does, the one that holds the lower limit."""
    fits = np.flatnonzero((lower >= low) & (lower < high))
    return 1 + (fits if len(fits) else np.array([np.searchsorted(lower, low, side="right") - 1]))
