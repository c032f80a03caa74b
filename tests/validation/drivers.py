"""Drivers of satisfaction: shares, R2 and places on a line with known shares; worlds in which only the marker's level counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy import stats
from small_survey import codebook, item, survey

from evalpkg import drivers, estimate
from evalpkg.codebook import Codebook
from evalpkg.drivers import sample
from evalpkg.drivers.importance import lmg
from evalpkg.drivers.incomplete import moments
from evalpkg.estimate import Design
from evalpkg.survey import Survey

from .places import possible
from .scenario import LEVEL, Floats, Ints, Row, Scenario, within
from .worlds import CHAMBER_SPREAD

DRAWS = 200  # replicates of a run
CHAMBERS = 38
SHARES = np.array([0.46, 0.30, 0.16, 0.08])  # of the population by size class
QUOTA = np.array([0.15, 0.25, 0.30, 0.30])  # of the sample
SKIPPED = 0.08  # of the marks of every driver


def chambers(rng: np.random.Generator, n: int, groups: int) -> Ints:
    """Give each firm its chamber, as unequal as the demo's; each its own where there are none."""
    if not groups:
        return np.arange(n)
    sizes = np.exp(CHAMBER_SPREAD * stats.norm.ppf((np.arange(groups) + 0.5) / groups))
    return np.repeat(
        np.arange(groups), np.diff(np.rint(n * np.r_[0, sizes.cumsum()] / sizes.sum()).astype(int))
    )


def designed(rng: np.random.Generator, n: int, groups: int) -> tuple[Design, Ints, Ints]:
    """Draw size classes by quota and rake to the population's; give the design, classes and chambers."""
    chamber, size = (
        chambers(rng, n, groups),
        rng.permutation(np.repeat(np.arange(4), np.rint(n * QUOTA).astype(int))),
    )
    weights = (SHARES / QUOTA)[size]
    frame = pd.DataFrame({"size": size})
    return (
        Design(weights, base_weights=weights, calibration=frame, clusters=chamber if groups else None),
        size,
        chamber,
    )


def skipped(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Leave marks out: the lower a firm's satisfaction, the more of them (at random, given what is answered)."""
    return np.where(
        rng.random(x.shape) < 2 * SKIPPED * stats.norm.cdf(-1.5 * stats.zscore(y))[:, None], np.nan, x
    )


@cache
def book(p: int, departments: int = 0) -> Codebook:
    """Describe a questionnaire of plain numbers."""
    asked = [item("y", "outcome"), *(item(f"x{j}", "driver") for j in range(p))]
    rated = [(f"d{j:02d}", f"d{j:02d}", "service") for j in range(departments)]
    return codebook([*asked, *(item(code, "rating", department=code) for code, *_ in rated)], rated)


def as_survey(
    rng: np.random.Generator, design: Design, y: Floats, x: Floats, ratings: Floats | None = None
) -> Survey:
    """Make a survey of what was drawn, as analyses take it, with replicates of its own."""
    seed = int(rng.integers(2**31))
    answers = pd.DataFrame(x, columns=[f"x{j}" for j in range(x.shape[1])]).assign(y=y)
    if ratings is None:
        return survey(book(x.shape[1]), answers, design=design, draws=DRAWS, seed=seed)
    rated = pd.DataFrame(ratings, columns=[f"d{j:02d}" for j in range(ratings.shape[1])])
    return survey(
        book(x.shape[1], ratings.shape[1]), answers, design=design, draws=DRAWS, seed=seed, ratings=rated
    )


# --- a line -----------------------------------------------------------------------------------------------

SLOPES = np.array([0.6, 0.4, 0.4, 0.2, 0.1])
VARYING = 0.2  # standard deviation of a slope between chambers
TOGETHER, CLUSTERED = 0.35, 0.05  # correlation of drivers; part of it, and of all else, that a chamber shares
SHIFT = np.array([-0.3, 0.1, 0.4, 0.55])  # of all drivers by size class


def explained() -> Floats:
    """Work out the true covariance of outcome and drivers, (6, 6)."""
    shift = SHIFT - SHARES @ SHIFT
    x = TOGETHER + (1 - TOGETHER) * np.eye(5) + SHARES @ shift**2
    y = SLOPES @ x @ SLOPES + VARYING**2 * np.trace(x) + 1
    return np.block([[np.array([[y]]), (x @ SLOPES)[None]], [(x @ SLOPES)[:, None], x]])


def on_a_line(rng: np.random.Generator, n: int, groups: int) -> Survey:
    """Draw a round: drivers alike within chambers, slopes that differ between them."""
    design, size, chamber = designed(rng, n, groups)
    count = int(chamber.max()) + 1

    def mixed(columns: int) -> Floats:
        common, own = rng.normal(size=(count, columns)), rng.normal(size=(n, columns))
        return np.sqrt(CLUSTERED) * common[chamber] + np.sqrt(1 - CLUSTERED) * own

    x = (
        np.sqrt(TOGETHER) * mixed(1)
        + np.sqrt(1 - TOGETHER) * mixed(5)
        + (SHIFT - SHARES @ SHIFT)[size][:, None]
    )
    y = (x * (SLOPES + rng.normal(0, VARYING, (count, 5)))[chamber]).sum(axis=1) + mixed(1)[:, 0]
    return as_survey(rng, design, y, skipped(rng, x, y))


def line(rng: np.random.Generator, groups: int) -> Sequence[float]:
    """Draw one round; check shares, R2, places, and what comes of forgetting chambers or gaps."""
    drawn, true = on_a_line(rng, 1_000, groups), lmg(explained()) * 100
    result = drivers.shares(drawn)
    assert result is not None
    table, extra = result.table.set_index("item").loc[[f"x{j}" for j in range(5)]], result.extra
    lowest, highest = possible(true.round(9))
    r2 = np.array([true.sum()])
    return (
        within(table["conf_low"].to_numpy(), table["conf_high"].to_numpy(), true),
        within(np.array([extra["r2_low"]]), np.array([extra["r2_high"]]), r2),
        float(((table["rank_low"] <= lowest) & (highest <= table["rank_high"])).all()),
        within(*percentiles(rng, drawn, whole=False), true),
        within(*percentiles(rng, drawn, whole=True), true),
    )


def percentiles(rng: np.random.Generator, drawn: Survey, whole: bool) -> tuple[Floats, Floats]:
    """Give the middle 95% of shares over replicates of firms: without chambers, or of complete answers only as well."""
    read = sample.read(drawn)
    assert read is not None
    keep = read.whole if whole else read.used
    alone = estimate.replicate_weights(Design(drawn.design.weights[keep]), DRAWS, int(rng.integers(2**31)))
    shares = (
        lmg(moments(read.standardised[keep], alone, tolerance=sample.REPLICATE_TOLERANCE).covariance) * 100
    )
    low, high = np.quantile(shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high


# --- the marker's level -----------------------------------------------------------------------------------

P, DEPARTMENTS, MET = 5, 35, 0.4
LEVEL_SD, MARK_SD = (
    0.78,
    1.1,
)  # of the level, of what a mark of one department adds to it (latent, as in the demo)
ON_LEVEL, OWN_SD = 0.8, 0.7  # what an answer takes from the level, and has of its own
SHARED = 0.1  # of both, part that a chamber shares
TRUE = np.array([0.45, 0.35, 0.0, 0.0, 0.0])


@dataclass(frozen=True)
class Marks:
    """What was drawn: the survey, and each firm's true level."""

    survey: Survey
    level: Floats
    measured: Floats


def marked(rng: np.random.Generator, n: int, groups: int, slopes: Floats) -> Marks:
    """Draw a round in which outcome and drivers share the level, and what `slopes` add."""
    design, size, chamber = designed(rng, n, groups)
    count = int(chamber.max()) + 1
    level = LEVEL_SD * np.sqrt([SHARED, 1 - SHARED]) @ [rng.normal(size=count)[chamber], rng.normal(size=n)]
    level += 0.5 * (SHIFT - SHARES @ SHIFT)[size]

    def own(columns: int) -> Floats:
        return OWN_SD * (np.sqrt(SHARED) * rng.normal(size=(count, columns))[chamber]
                         + np.sqrt(1 - SHARED) * rng.normal(size=(n, columns)))  # fmt: skip

    x = ON_LEVEL * level[:, None] + own(P)
    y = ON_LEVEL * level + x @ slopes + own(1)[:, 0]
    ratings = rated(rng, level, chamber)
    count = (~np.isnan(ratings)).sum(axis=1)
    measured = np.divide(np.nansum(ratings, axis=1), count, out=np.full(n, np.nan), where=count > 0)
    return Marks(as_survey(rng, design, y, skipped(rng, x, y), ratings), level, measured)


def rated(rng: np.random.Generator, level: Floats, chamber: Ints) -> Floats:
    """Rate departments; the harsh meet those that are marked low more often."""
    n, count = len(level), int(chamber.max()) + 1
    theta = np.linspace(-0.5, 0.5, DEPARTMENTS)
    marks = level[:, None] + theta + rng.normal(0, 0.2, (count, DEPARTMENTS))[chamber]
    marks += rng.normal(0, MARK_SD, (n, DEPARTMENTS))
    logit = np.log(MET / (1 - MET)) + 0.8 * rng.normal(size=(n, 1)) + 1.5 * level[:, None] * theta
    return np.where(rng.random(marks.shape) < 1 / (1 + np.exp(-logit)), marks, np.nan)


def level_only(rng: np.random.Generator, n: int, groups: int) -> Sequence[float]:
    """Draw a round in which no driver counts; check that none is flagged, and that a poorer control flags some."""
    drawn, table = published(rng, n, groups, np.zeros(P))
    return (
        float((table["p_holm"] > 1 - LEVEL).all()),
        float(quiet(drawn, drawn.measured)),
        float(quiet(drawn, None)),
    )


def published(rng: np.random.Generator, n: int, groups: int, slopes: Floats) -> tuple[Marks, pd.DataFrame]:
    """Draw rounds until one can tell level and drivers apart (all but one in some hundred); give its table as well."""
    while True:
        drawn = marked(rng, n, groups, slopes)
        result = drivers.halo(drawn.survey)
        assert result is not None
        if len(result.table):
            return drawn, result.table.set_index("item").loc[[f"x{j}" for j in range(P)]]


def quiet(drawn: Marks, control: Floats | None) -> bool:
    """Tell whether no driver is flagged after Holm when the level is put in as it is, or not at all."""
    read = sample.read(drawn.survey)
    assert read is not None
    values = read.standardised
    if control is not None:
        put = (control - np.nanmean(control)) / np.nanstd(control)
        values = np.column_stack([values, put])
    b, replicates = coefficients(values, drawn.survey)
    t = np.abs(b)[:P] / replicates.std(axis=0, ddof=1)[:P]
    return bool(P * 2 * stats.t.sf(t.max(), drawn.survey.design.df) > 1 - LEVEL)  # the first step of Holm


def coefficients(values: Floats, of: Survey) -> tuple[Floats, Floats]:
    """Regress the first column on the others: of the survey, of its replicates."""
    sets = np.column_stack([of.design.weights, sample.replicates(of)])
    covariance = moments(values, sets, tolerance=sample.REPLICATE_TOLERANCE).covariance
    b = np.linalg.solve(covariance[:, 1:, 1:], covariance[:, 1:, :1])[..., 0]
    return b[0], b[1:]


def controlled_shares(slopes: Floats) -> Floats:
    """Work out what each driver adds to the level, per cent of the outcome's variance."""
    variance = LEVEL_SD**2 + 0.25 * SHARES @ (SHIFT - SHARES @ SHIFT) ** 2
    loads = np.r_[ON_LEVEL + ON_LEVEL * slopes.sum(), np.full(P, ON_LEVEL), 1.0]
    own = np.zeros((P + 2, P + 2))
    own[1:-1, 1:-1] = OWN_SD**2 * np.eye(P)
    own[0, 1:-1] = own[1:-1, 0] = OWN_SD**2 * slopes
    own[0, 0] = OWN_SD**2 * (1 + slopes @ slopes)
    return lmg(variance * np.outer(loads, loads) + own, always=(P,)) * 100


def level_and_drivers(rng: np.random.Generator, n: int, groups: int) -> Sequence[float]:
    """Draw a round in which two drivers count beside the level; check coefficients, shares, and that both are found."""
    _, table = published(rng, n, groups, TRUE)
    b, shares, real = TRUE, controlled_shares(TRUE), TRUE > 0
    return (
        limits(table, "conf", b),
        float(limits(table, "family", b) == 1),
        limits(table[real], "share", shares[real]),
        float((table["sure"][real] == "up").all()),
        limits(table, "plain", b),
    )


def limits(table: pd.DataFrame, name: str, truth: Floats) -> float:
    """Give the share of true values within a pair of columns."""
    return within(table[f"{name}_low"].to_numpy(), table[f"{name}_high"].to_numpy(), truth)


LINE = (
    Row("shares of five drivers (LMG), gaps filled", "interval"),
    Row("R2 of five drivers", "interval"),
    Row("rank sets of five drivers, all at once", "joint"),
    Row("control: percentiles of LMG shares, firms of a chamber as independent", "control"),
    Row("control: the same from complete answers only", "control"),
)
ONLY = (
    Row("only the level counts: no driver flagged, level taken out (halo)", "joint"),
    Row("control: no driver flagged, level put in as measured", "control"),
    Row("control: no driver flagged, level left out", "control"),
)
BOTH = (
    Row("coefficients of five drivers, level taken out", "interval"),
    Row("the same, all five at once", "joint"),
    Row("shares of the two true drivers beside the level", "interval"),
    Row("both true drivers flagged (power)", "joint"),
    Row("control: coefficients, level left out", "control"),
)

SCENARIOS = (
    Scenario("drivers_38", "38 unequal chambers", LINE, lambda rng: line(rng, CHAMBERS)),
    Scenario("halo_firms", "1,000 firms", ONLY, lambda rng: level_only(rng, 1_000, 0)),
    Scenario("halo_38", "38 unequal chambers", ONLY, lambda rng: level_only(rng, 1_000, CHAMBERS)),
    Scenario("halo_firms_3000", "3,000 firms", ONLY, lambda rng: level_only(rng, 3_000, 0)),
    Scenario("halo_38_3000", "38 chambers, 3,000 firms", ONLY, lambda rng: level_only(rng, 3_000, CHAMBERS)),
    Scenario("halo_drivers_firms", "1,000 firms", BOTH, lambda rng: level_and_drivers(rng, 1_000, 0)),
    Scenario(
        "halo_drivers_38", "38 unequal chambers", BOTH, lambda rng: level_and_drivers(rng, 1_000, CHAMBERS)
    ),
)
