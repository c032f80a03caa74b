"""How the forms were handed out and came back: times, durations, addresses, counts by chamber."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from . import world
from .firms import Firms

# Blocks of addresses reserved for documentation (RFC 5737): no computer has them
BLOCKS = ("192.0.2", "198.51.100", "203.0.113")


@dataclass(frozen=True)
class Paradata:
    """Metadata of the export by firm: moment of submission, seconds, source, details, address."""

    moment: list[datetime]
    seconds: np.ndarray
    source: list[str]
    details: list[str]
    address: list[str]


def draw(firms: Firms, wave: world.Wave, seed: int) -> Paradata:
    """Draw when, how long, and from where each form was sent."""
    rng = world.generator(seed, wave.id, "fieldwork")
    days = (wave.end - wave.start).days + 1
    middle = {chamber: rng.uniform(0.15, 0.85) for chamber in sorted(set(firms.table["chamber"]))}
    spread = firms.table["chamber"].map(middle).to_numpy() + rng.normal(0, 0.18, firms.n)
    day = np.clip((spread * days).astype(int), 0, days - 1)
    clock = np.clip(rng.normal(14.5, 3.2, firms.n), 7.5, 22.9) * 3600
    start = datetime(wave.start.year, wave.start.month, wave.start.day)
    moment = [start + timedelta(days=int(d), seconds=int(s)) for d, s in zip(day, clock, strict=True)]
    seconds = np.maximum(np.exp(rng.normal(np.log(560), 0.38, firms.n)), 200).astype(int)
    source = [_source(mode, rng) for mode in firms.table["mode"]]
    return Paradata(moment, seconds, source, ["N/A"] * firms.n, [_address(rng) for _ in range(firms.n)])


def _source(mode: str, rng: np.random.Generator) -> str:
    return str(rng.choice(["微信", "手机提交", "链接"], p=[0.55, 0.35, 0.10])) if mode == "online" else "链接"


def _address(rng: np.random.Generator) -> str:
    town = rng.choice(["河南-洛阳", "河南-郑州", "河南-未知"], p=[0.93, 0.05, 0.02])
    return f"{BLOCKS[rng.integers(3)]}.{rng.integers(1, 255)}({town})"


def clock(moment: datetime) -> str:
    """Print a moment as the platform does: 2022/12/5 9:05:07."""
    return f"{moment.year}/{moment.month}/{moment.day} {moment.hour}:{moment.minute:02d}:{moment.second:02d}"


def by_chamber(firms: Firms, wave: world.Wave, chambers: list[str], seed: int) -> pd.DataFrame:
    """Count forms issued and returned by chamber; both columns add up to the round's totals."""
    rng = world.generator(seed, wave.id, "issued")
    returned = firms.table["chamber"].value_counts().reindex(chambers, fill_value=0)
    extra = sum(wave.issued.values()) - wave.n
    share = (returned + 1) * rng.uniform(0.5, 1.6, len(chambers))
    return pd.DataFrame(
        {"chamber": chambers, "issued": returned + _whole(share, extra), "returned": returned}
    )


def _whole(share: pd.Series, total: int) -> np.ndarray:
    """Divide a total in whole numbers (largest remainders)."""
    exact = (share / share.sum() * total).to_numpy()
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact, kind="stable")[: total - counts.sum()]] += 1
    return np.asarray(counts)
