"""The other questions: service dimensions, environments, satisfaction, difficulties, policies, appeals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import world
from .firms import Firms
from .ratings import latent
from .world import BLANK, REFUSED, SKIP, THEMES, UNKNOWN

DIFFICULTY = dict(zip(THEMES, (0.34, 0.36, 0.08, 0.20, 0.17, 0.21, 0.10, 0.17, 0.14, 0.15, 0.22, 0.22, 0.13, 0.07, 0.15,
                               0.06), strict=True)) | {"OTH": 0.05}  # fmt: skip
DIFFICULTY_SIZE = {  # logit for L, M, S, X, G
    "FIN": (-0.7, -0.2, 0.3, 0.2, 0.0), "LAB": (0.7, 0.6, 0.4, 0.0, -0.2), "LAND": (1.2, 0.9, 0.5, 0.0, -0.5),
    "ARR": (0.5, 0.6, 0.5, 0.2, -0.3), "ENV": (0.8, 0.7, 0.4, 0.0, -0.2), "PARK": (-1.2, -0.9, -0.4, 0.0, 0.4),
    "SIGN": (-1.5, -1.2, -0.6, 0.0, 0.4), "INNO": (1.5, 1.2, 0.6, 0.1, -0.6), "UTIL": (0.4, 0.4, 0.2, 0.0, 0.0),
    "POL": (0.5, 0.5, 0.4, 0.1, -0.2), "COMP": (0.4, 0.5, 0.4, 0.1, -0.2), "TAX": (0.2, 0.2, 0.2, 0.1, 0.0),
}  # fmt: skip
DIFFICULTY_GROUP = {
    "LAND": {"工业": 0.8, "建筑与房地产": 0.5, "农业": 0.6}, "ARR": {"建筑与房地产": 1.3, "工业": 0.4},
    "ENV": {"工业": 1.0, "建筑与房地产": 0.5}, "PARK": {"批零住餐": 0.6, "生活与公共服务": 0.5, "工业": -0.8},
    "SIGN": {"批零住餐": 0.7, "生活与公共服务": 0.4, "工业": -1.0}, "LOG": {"交通物流": 1.5, "工业": 0.2},
    "INNO": {"工业": 0.5, "现代服务": 0.5}, "UTIL": {"工业": 0.6}, "COMP": {"建筑与房地产": 0.8, "现代服务": 0.3},
}  # fmt: skip
DIFFICULTY_DRIFT = {
    "FIN": 0.04,
    "ARR": 0.18,
    "PARK": -0.10,
    "ENV": -0.06,
    "APPR": -0.10,
    "COMP": 0.05,
}  # logit a round
DIFFICULTY_STEP = {
    "SIGN": ("2021H2", -0.70)
}  # the sign-board rules eased in September 2021: logit from then on
POLICIES = 8
AWARE = (0.78, 0.58, 0.52, 0.46, 0.33, 0.40, 0.44, 0.38)  # share that has heard of the policy
ELIGIBLE = (0.85, 0.55, 0.50, 0.30, 0.18, 0.35, 0.50, 0.15)
APPLIED = (0.85, 0.66, 0.46, 0.50, 0.55, 0.42, 0.60, 0.35)  # among eligible and aware
GRANTED = (0.93, 0.85, 0.58, 0.70, 0.60, 0.66, 0.85, 0.40)  # among those who applied
AWARE_SIZE = dict(zip(world.SIZES, (1.2, 0.9, 0.5, 0.1, -0.1), strict=True))
AWARE_DRIFT, APPLIED_DRIFT = 0.10, 0.08
APPEALED = 0.20
SOLVED = (0.10, 0.28, 0.34, 0.28)
APPEAL_SATISFACTION = (28.0, 48.0, 72.0, 90.0)


@dataclass(frozen=True)
class Answers:
    """Answers of a round.

    `codes`: item -> (n,) codes; `ticks`: multi item -> (n, options) bool, with the rows `skipped` or left `blank`;
    `satisfaction` (n,) is F1 before anybody fails to answer.
    """

    codes: dict[str, np.ndarray]
    ticks: dict[str, np.ndarray]
    skipped: dict[str, np.ndarray]
    blank: dict[str, np.ndarray]
    satisfaction: np.ndarray


def logistic(x: np.ndarray) -> np.ndarray:
    """Inverse logit."""
    return np.asarray(1 / (1 + np.exp(-x)))


def logit(p: float | np.ndarray) -> np.ndarray:
    """Log odds."""
    return np.asarray(np.log(np.asarray(p) / (1 - np.asarray(p))))


def draw(
    firms: Firms, wave: world.Wave, profile: dict[str, np.ndarray], persons: tuple[float, float], seed: int
) -> Answers:
    """Draw every answer outside the department blocks; `persons` = mean and variance of the person's level."""
    services, environments, satisfaction = opinions(
        firms.person, wave, persons, world.generator(seed, wave.id, "opinions")
    )
    rng = world.generator(seed, wave.id, "answers")
    ticks, top, severity, arrears = _difficulties(firms, wave, rng)
    policies, reasons, no_reason = _policies(firms, wave, rng)
    channel, solved, happy = _appeals(firms, rng)
    kinds = _kinds(firms, rng)
    codes = (
        {name: values for name, values in profile.items() if name.startswith("A")}
        | services | environments | _outcomes(satisfaction, profile, firms, wave, rng)
        | {"attn": np.where(rng.random(firms.n) < 0.02, rng.integers(3, 6, firms.n), 2)}
        | {"G2": top, "G3": severity, "G4": arrears} | policies | {"I1": channel, "I2": solved, "I3": happy}
    )  # fmt: skip
    codes = _missing(codes, firms, rng)
    none = np.zeros(firms.n, bool)
    lost = {name: rng.random(firms.n) < 0.008 for name in ("A8", "G1", "H3")}
    return Answers(codes, {"A8": kinds, "G1": ticks, "H3": reasons}, {"A8": none, "G1": none, "H3": no_reason}, lost,
                   satisfaction)  # fmt: skip


def opinions(
    person: np.ndarray, wave: world.Wave, persons: tuple[float, float], rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]:
    """Draw D1-D9, E1-E5 (1-5) and overall satisfaction F1 (0-10) with the true coefficients."""
    centre, variance = persons
    halo = (person - centre) / np.sqrt(variance)
    services = {code: _item(person - centre, _service_mean(code, wave), variance, world.DRIVER_OWN_SD, rng)
                for code in world.DRIVER_MEANS}  # fmt: skip
    common = rng.normal(0, world.ENVIRONMENT_COMMON_SD, len(person))
    own = float(np.hypot(world.ENVIRONMENT_COMMON_SD, world.ENVIRONMENT_OWN_SD))
    environments = {}
    for code, mean in world.ENVIRONMENT_MEANS.items():
        noise = common + rng.normal(0, world.ENVIRONMENT_OWN_SD, len(person))
        environments[code] = _graded(person - centre + noise, mean, variance + own**2)
    score = world.HALO_EFFECT * halo + rng.normal(0, world.OVERALL_NOISE, len(person))
    for code, effect in (world.DRIVER_EFFECTS | world.ENVIRONMENT_EFFECTS).items():
        values = services.get(code, environments.get(code))
        assert values is not None
        score = score + effect * (values - 4.1) / 0.88
    overall = np.clip(np.rint(world.OVERALL_MEAN + world.OVERALL_SPREAD * score), 0, 10).astype(int)
    return services, environments, overall


def _service_mean(code: str, wave: world.Wave) -> float:
    drift = world.LEVEL_DRIFT.get(code)
    return world.DRIVER_MEANS[code] + (drift[world.number_of(wave.id)] if drift else 0.0)


def _item(
    person: np.ndarray, mean: float, variance: float, own_sd: float, rng: np.random.Generator
) -> np.ndarray:
    return _graded(person + rng.normal(0, own_sd, len(person)), mean, variance + own_sd**2)


def _graded(value: np.ndarray, mean: float, variance: float) -> np.ndarray:
    """Cut a latent value of this variance into five points so that its mean over the city is `mean` (0-100)."""
    standard = value / np.sqrt(variance) * np.sqrt(1 + world.SEVERITY_SD**2)
    level = latent(np.array([mean]), world.SEVERITY_SD**2)[0]
    return np.asarray(1 + np.searchsorted(world.CUTS, standard + level))


def _outcomes(
    satisfaction: np.ndarray,
    profile: dict[str, np.ndarray],
    firms: Firms,
    wave: world.Wave,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    noise = rng.normal(size=(3, firms.n))
    change = 0.30 * firms.person + 0.15 * (profile["A9"] - 3) + 2 * wave.trend + noise[0]
    invest = 0.35 * (profile["A9"] - 3) + 0.10 * (satisfaction - 7.75) + noise[2]
    recommend = np.clip(np.rint(0.3 + 0.95 * satisfaction + 1.3 * noise[1]), 0, 10).astype(int)
    return {
        "F1": satisfaction,
        "F2": np.where(profile["A7"] == 1, SKIP, 1 + np.searchsorted([-2.1, -1.3, 0.25, 1.45], change)),
        "F3": recommend,
        "F4": 1 + np.searchsorted([-1.9, -0.95, 0.75, 1.9], invest),
    }


def _difficulties(
    firms: Firms, wave: world.Wave, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ticks (n, 18), most urgent (option code), severity 0-4, arrears 0-4."""
    chance = difficulty_chance(firms, wave.id)
    drawn = rng.random(chance.shape)
    # At most five: the least likely draws are dropped, as a respondent names the worst first.
    rank = np.argsort(np.argsort(drawn / chance, axis=1), axis=1)
    named = (drawn < chance) & (rank < 5)
    ticks = np.column_stack([named, ~named.any(axis=1)])
    order = np.where(named, drawn / chance, 9).argmin(axis=1)
    names = np.array([*DIFFICULTY, "NONE"], dtype=object)
    top = np.where(named.any(axis=1), names[order], SKIP)
    worry = 0.35 * named.sum(axis=1) - 0.35 * firms.person + rng.normal(size=firms.n)
    severity = np.where(named.any(axis=1), 1 + np.searchsorted([0.1, 1.3, 2.4], worry), 0)
    arrears = rng.choice(5, size=firms.n, p=[0.02, 0.26, 0.37, 0.21, 0.14])
    return ticks, top, severity, np.where(named[:, THEMES.index("ARR")], arrears, SKIP)


def difficulty_chance(firms: Firms, round_id: str) -> np.ndarray:
    """Compute the true chance of naming each difficulty (n, 17): themes and "other"."""
    size = np.array([world.SIZES.index(value) for value in firms.table["size"]])
    columns = []
    for code, base in DIFFICULTY.items():
        push = logit(base) + np.array(DIFFICULTY_SIZE.get(code, (0.0,) * 5))[size] - 0.22 * firms.person
        push = push + firms.table["industry"].map(DIFFICULTY_GROUP.get(code, {})).fillna(0.0).to_numpy(
            dtype=float
        )
        columns.append(push + difficulty_shift(code, round_id))
    return logistic(np.column_stack(columns))


def difficulty_shift(code: str, round_id: str) -> float:
    """Compute the true change of a difficulty since the first round, in logits."""
    since, step = DIFFICULTY_STEP.get(code, ("9999", 0.0))
    return DIFFICULTY_DRIFT.get(code, 0.0) * world.number_of(round_id) + (step if round_id >= since else 0.0)


def _kinds(firms: Firms, rng: np.random.Generator) -> np.ndarray:
    """High-tech, specialised, above-scale, exporting, listed, none (n, 6)."""
    by_size = {"L": (0.5, 0.35, 0.95, 0.35, 0.2), "M": (0.4, 0.25, 0.85, 0.25, 0.06), "S": (0.2, 0.08, 0.35, 0.10, 0.01),
               "X": (0.05, 0.01, 0.01, 0.03, 0.0), "G": (0.0, 0.0, 0.0, 0.01, 0.0)}  # fmt: skip
    chance = np.array([by_size[size] for size in firms.table["size"]])
    ticks = rng.random(chance.shape) < chance
    return np.column_stack([ticks, ~ticks.any(axis=1)])


def funnel(firms_size: np.ndarray, wave: world.Wave) -> dict[str, np.ndarray]:
    """Compute the true chances of the policy funnel: aware (n, 8), eligible (8,), applied (8,), granted (8,)."""
    lift = np.array([AWARE_SIZE[size] for size in firms_size])[:, None]
    step = world.number_of(wave.id)
    aware = logistic(logit(np.array(AWARE)) + lift + AWARE_DRIFT * step)
    applied = logistic(logit(np.array(APPLIED)) + APPLIED_DRIFT * step)
    return {"aware": aware, "eligible": np.array(ELIGIBLE), "applied": applied, "granted": np.array(GRANTED)}


def _policies(
    firms: Firms, wave: world.Wave, rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    chance = funnel(firms.table["size"].to_numpy(), wave)
    draws = rng.random((4, firms.n, POLICIES))
    aware = draws[0] < chance["aware"]
    knows = np.where(aware, 1 + (rng.random(aware.shape) < 0.40), 0)
    stage = _stage(
        *(draws[i] < chance[name] for i, name in enumerate(("eligible", "applied", "granted"), start=1))
    )
    uptake = np.where(aware, stage, SKIP)
    unused = np.asarray(np.isin(uptake, (1, 2)).any(axis=1))
    reasons = rng.random((firms.n, 7)) < np.array([0.16, 0.30, 0.42, 0.26, 0.20, 0.10, 0.04])
    reasons[:, 2] |= ~reasons.any(axis=1)
    codes = {f"H1_{i + 1}": knows[:, i] for i in range(POLICIES)} | {
        f"H2_{i + 1}": uptake[:, i] for i in range(POLICIES)
    }
    return codes, reasons, np.asarray(~unused)


def _stage(eligible: np.ndarray, applied: np.ndarray, granted: np.ndarray) -> np.ndarray:
    return np.where(eligible, np.where(applied, np.where(granted, 3, 2), 1), 0)


def _appeals(firms: Firms, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    used = rng.random(firms.n) < logistic(logit(APPEALED) - 0.25 * firms.person)
    channel = np.where(used, rng.choice([1, 2, 3, 4, 5], size=firms.n, p=[0.22, 0.30, 0.20, 0.22, 0.06]), 0)
    solved = rng.choice(4, size=firms.n, p=SOLVED)
    level = latent(np.array(APPEAL_SATISFACTION), world.SEVERITY_SD**2)[solved]
    happy = 1 + np.searchsorted(world.CUTS, level + firms.person + rng.normal(size=firms.n))
    return channel, np.where(used, solved, SKIP), np.where(used, happy, SKIP)


def _missing(codes: dict[str, np.ndarray], firms: Firms, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Don't know, refused and blank; more blanks on paper."""
    unknown = {
        "A9": 0.01,
        "F1": 0.006,
        "F2": 0.02,
        "F3": 0.01,
        "F4": 0.03,
        "G3": 0.015,
        "I2": 0.02,
        "I3": 0.03,
    }
    unknown |= {code: 0.03 for code in codes if code[0] in "DE"} | {"D5": 0.06, "E5": 0.05}
    unknown |= {code: 0.03 for code in codes if code.startswith("H2")}
    refused = {"A4": 0.01, "A5": 0.06, "A7": 0.005, "G4": 0.03}
    paper = (firms.table["mode"] == "paper").to_numpy()
    return {code: _lose(values, unknown.get(code, 0.0), refused.get(code, 0.0), code, paper, rng)
            for code, values in codes.items()}  # fmt: skip


def _lose(
    values: np.ndarray, unknown: float, refused: float, code: str, paper: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    chance = rng.random(len(values))
    blank = np.where(paper, 0.012, 0.002) * (code not in ("A3", "attn"))
    token = np.where(chance < unknown, UNKNOWN, np.where(chance < unknown + refused, REFUSED, BLANK))
    lost = (chance < unknown + refused + blank) & (values != SKIP)
    return np.where(lost, token, values)
