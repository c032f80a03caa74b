"""Ask the whole city: the same answers drawn for a large random sample of all enterprises give the true values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from . import answers, firms, ratings, world

ASKED = 20_000  # a true share is then known to about 0.35 points


def true_values(
    wave: world.Wave, population: pd.DataFrame, truth: firms.Effects, rules: pd.DataFrame, seed: int
) -> dict[str, Any]:
    """Work out what a complete survey of the city would find in a round (scores 0-100, shares in per cent)."""
    persons = ratings.spread_of_persons(population, truth)
    city = _city(wave, population, truth, seed)
    profile = firms.profile(city, wave, rules, seed + 1)
    given = answers.draw(city, wave, profile, persons, seed + 1)
    ticked = given.ticks["G1"].mean(axis=0) * 100
    services = [code for code in given.codes if code in world.DRIVER_MEANS]
    return {
        "overall": _mean(given.codes["F1"]) * 10,
        "recommend": _mean(given.codes["F3"]) * 10,
        "drivers": {code: (_mean(given.codes[code]) - 1) * 25 for code in services},
        "environments": {code: (_mean(given.codes[code]) - 1) * 25 for code in world.ENVIRONMENT_MEANS},
        "change": _shares(given.codes["F2"], range(1, 6)),
        "difficulties": dict(zip((*answers.DIFFICULTY, "NONE"), ticked.tolist(), strict=True)),
        "most_urgent": _shares(given.codes["G2"], (*answers.DIFFICULTY, "NONE")),
        "policies": {f"{i}": _funnel(given.codes, i) for i in range(1, answers.POLICIES + 1)},
        "appealed": float((given.codes["I1"] > 0).mean() * 100),
        "solved": _shares(given.codes["I2"], range(4)),
        "moments": _moments(given, services),
    }


def _city(wave: world.Wave, population: pd.DataFrame, truth: firms.Effects, seed: int) -> firms.Firms:
    rng = world.generator(seed, wave.id, "census")
    chance = population["N"].to_numpy(dtype=float)
    table = population.iloc[rng.choice(len(population), size=ASKED, p=chance / chance.sum())].reset_index(
        drop=True
    )
    modes = np.array(list(wave.returned.values()), dtype=float)
    table["mode"] = rng.choice(list(wave.returned), size=ASKED, p=modes / modes.sum())
    table["section"] = [next(iter(world.SECTIONS[group])) for group in table["industry"]]
    table["chamber"] = rng.choice(list(truth.chamber), size=ASKED)
    return firms.with_persons(table, wave, truth, np.zeros(ASKED, bool), rng)


def _mean(codes: np.ndarray) -> float:
    return float(codes[codes >= 0].mean())


def _shares(codes: np.ndarray, options: Any) -> dict[str, float]:
    """Per cent of each option among valid answers; missing codes are negative numbers, options never are."""
    counts = {str(option): int((codes == option).sum()) for option in options}
    total = sum(counts.values())
    return {option: count / total * 100 for option, count in counts.items()}


def _funnel(codes: dict[str, np.ndarray], policy: int) -> dict[str, float]:
    """Per cent of all firms that know of a policy, and of those that know how it went."""
    known, stage = codes[f"H1_{policy}"], codes[f"H2_{policy}"]
    return {"aware": float((known[known >= 0] > 0).mean() * 100), **_shares(stage, range(4))}


def _moments(given: answers.Answers, services: list[str]) -> list[list[float]]:
    """Correlations of overall satisfaction (first) and the service dimensions, among complete answers."""
    values = np.column_stack([given.codes["F1"], *(given.codes[code] for code in services)]).astype(float)
    complete = values[(values >= 0).all(axis=1)]
    return [[float(cell) for cell in line] for line in np.corrcoef(complete, rowvar=False)]
