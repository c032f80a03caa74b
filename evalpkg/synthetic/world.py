"""The invented city: every true parameter that the demo rounds are drawn from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

import numpy as np

SEED = 20200901
SIZES = ("L", "M", "S", "X", "G")
MODES = ("online", "paper", "phone", "visit")
GROUPS = ("农业", "工业", "建筑与房地产", "批零住餐", "交通物流", "现代服务", "生活与公共服务")

THEMES = ("FIN", "LAB", "LAND", "ARR", "ENV", "PARK", "SIGN", "POL", "APPR", "INSP", "TAX", "UTIL", "LOG", "LEGAL",
          "COMP", "INNO")  # fmt: skip
NEW_THEME, NEW_ROUND = "PLAT", "2022H2"  # platform fees and rules: in remarks of the last round only

# Codes of answers that are no answer; 0 stays free, for it is an answer to many questions
SKIP, BLANK, UNKNOWN, REFUSED, NO_CONTACT = -3, -2, -4, -5, -1


class SyntheticError(Exception):
    """The demo cannot be written here; the text is one line for a clerk."""


@dataclass(frozen=True)
class Wave:
    """What is fixed about a round: fieldwork window, forms by mode, sample by size (shares), firms in the city."""

    id: str
    start: date
    end: date
    asof: date
    returned: dict[str, int]
    issued: dict[str, int]
    sizes: tuple[float, ...]
    firms: int
    online: float
    trend: float

    @property
    def n(self) -> int:
        """Forms brought back."""
        return sum(self.returned.values())


def _by_mode(*counts: int) -> dict[str, int]:
    return dict(zip(MODES, counts, strict=True))


# The mix of sizes and modes shifts from round to round, so that a naive comparison of rounds goes wrong.
WAVES = {
    wave.id: wave
    for wave in (
        Wave("2020H2", date(2020, 12, 1), date(2020, 12, 27), date(2020, 12, 31), _by_mode(680, 170, 80, 58),
             _by_mode(871, 196, 98, 63), (0.048, 0.120, 0.250, 0.270, 0.312), 530_000, 0.40, -0.04),
        Wave("2021H1", date(2021, 6, 1), date(2021, 6, 27), date(2021, 6, 30), _by_mode(770, 145, 70, 58),
             _by_mode(952, 169, 84, 62), (0.044, 0.108, 0.238, 0.276, 0.334), 548_000, 0.44, -0.02),
        Wave("2021H2", date(2021, 12, 1), date(2021, 12, 27), date(2021, 12, 31), _by_mode(735, 118, 64, 45),
             _by_mode(918, 136, 78, 49), (0.040, 0.100, 0.230, 0.280, 0.350), 566_000, 0.48, 0.00),
        Wave("2022H1", date(2022, 6, 6), date(2022, 6, 30), date(2022, 6, 30), _by_mode(850, 105, 60, 42),
             _by_mode(1023, 121, 73, 45), (0.036, 0.094, 0.224, 0.284, 0.362), 585_000, 0.52, 0.02),
        Wave("2022H2", date(2022, 12, 5), date(2022, 12, 31), date(2022, 12, 31), _by_mode(826, 92, 61, 42),
             _by_mode(1026, 106, 76, 45), (0.034, 0.088, 0.220, 0.288, 0.370), 604_000, 0.56, 0.04),
    )
}  # fmt: skip

# ---- the population of enterprises --------------------------------------------------------------------------------
SIZE_SHARES = dict(zip(SIZES, (0.0006, 0.0060, 0.0480, 0.2254, 0.7200), strict=True))
DISTRICTS = {"LC": 6.5, "XG": 9.5, "CH": 5.0, "JX": 12.5, "JL": 1.3, "LL": 13.5, "YS0": 9.0, "MJ0": 5.2, "YS": 9.0,
             "MJ": 6.5, "XA": 6.5, "LCH": 4.0, "SX": 4.8, "RY": 4.4, "YY": 5.4, "LN": 4.0, "YC": 7.4, "YB": 2.5}  # fmt: skip
INDUSTRY_BY_SIZE = {  # share of the report groups within a size class, in the order of GROUPS
    "L": (0.01, 0.52, 0.14, 0.14, 0.04, 0.11, 0.04),
    "M": (0.03, 0.40, 0.16, 0.20, 0.05, 0.11, 0.05),
    "S": (0.05, 0.25, 0.13, 0.28, 0.07, 0.15, 0.07),
    "X": (0.07, 0.13, 0.09, 0.38, 0.06, 0.17, 0.10),
    "G": (0.05, 0.06, 0.02, 0.62, 0.07, 0.04, 0.14),
}
STAFF_BY_SIZE = dict(zip(SIZES, (1600.0, 310.0, 46.0, 7.2, 2.4), strict=True))
SECTIONS = {  # sections of GB/T 4754 within a report group and their shares
    "农业": {"A": 1.0},
    "工业": {"B": 0.05, "C": 0.91, "D": 0.04},
    "建筑与房地产": {"E": 0.72, "K": 0.28},
    "批零住餐": {"F": 0.78, "H": 0.22},
    "交通物流": {"G": 1.0},
    "现代服务": {"I": 0.24, "J": 0.04, "L": 0.42, "M": 0.30},
    "生活与公共服务": {"N": 0.06, "O": 0.50, "P": 0.16, "Q": 0.12, "R": 0.16},
}

# ---- how firms get into the sample --------------------------------------------------------------------------------
DISTRICT_REACH = {"LC": 1.2, "XG": 1.4, "CH": 1.2, "JX": 1.3, "JL": 1.0, "LL": 1.2, "YS0": 1.0, "MJ0": 0.9, "YS": 1.0,
                  "MJ": 0.9, "XA": 0.9, "LCH": 0.8, "SX": 0.7, "RY": 0.7, "YY": 0.8, "LN": 0.5, "YC": 0.6, "YB": 0.8}  # fmt: skip
GROUP_REACH = dict(zip(GROUPS, (0.9, 2.2, 1.6, 0.75, 1.1, 1.2, 0.9), strict=True))
DISTRICT_CHAMBERS = {"LC": "CC25", "XG": "CC26", "CH": "CC27", "JX": "CC28", "LL": "CC29", "YS0": "CC30", "YS": "CC30",
                     "MJ0": "CC31", "MJ": "CC31", "JL": "CC31", "XA": "CC32", "LCH": "CC33", "SX": "CC34", "RY": "CC35",
                     "YY": "CC36"}  # fmt: skip
TRADE_CHAMBERS = {  # the trade chambers by report group; the other chambers take anybody
    "农业": ("CC13", "CC07"),
    "工业": ("CC01", "CC06", "CC07", "CC14", "CC15", "CC16", "CC10", "CC04"),
    "建筑与房地产": ("CC09", "CC03", "CC04"),
    "批零住餐": ("CC02", "CC03", "CC05", "CC15", "CC10"),
    "交通物流": ("CC08", "CC05"),
    "现代服务": ("CC11", "CC12"),
    "生活与公共服务": ("CC12", "CC05", "CC02"),
}
OPEN_CHAMBERS = tuple(f"CC{number:02d}" for number in (*range(17, 25), 37, 38))

# ---- what makes a rater mild or harsh (latent units; the rating's own noise has sd 1) ------------------------------
SEVERITY_SD = 0.78
DISTRICT_SD = 0.10
CHAMBER_SD = 0.18
SIZE_EFFECT = dict(zip(SIZES, (0.22, 0.14, 0.06, 0.02, -0.03), strict=True))
MODE_EFFECT = dict(zip(MODES, (0.0, -0.04, 0.12, 0.08), strict=True))
CHANGE_OF_ROUND = 1.0  # how strongly Wave.trend moves every answer
CUTS = (-2.90, -2.24, -1.21, 0.225)  # latent points between 1|2|3|4|5
KIND_EFFECT = (0.0, 0.03, 0.02, -0.12)  # none, online, visit, inspected

# ---- departments: true means on 0-100 if every firm of the city rated them ----------------------------------------
DEPARTMENT_MEANS = {
    "D01": 81.0, "D02": 81.3, "D03": 81.7, "D04": 81.6, "D05": 80.8, "D06": 81.7, "D07": 80.5, "D08": 82.8, "D09": 78.9,
    "D10": 80.1, "D11": 79.0, "D12": 78.7, "D13": 80.4, "D14": 80.9, "D15": 81.4, "D16": 81.8, "D17": 81.2, "D18": 80.8,
    "D19": 80.2, "D20": 78.3, "D21": 81.5, "D22": 80.3, "D23": 81.6, "D24": 83.1, "D25": 80.8, "D26": 83.4, "D27": 81.1,
    "D28": 80.6, "D29": 78.9, "D30": 81.6, "D31": 80.3, "D32": 81.7, "D33": 82.9, "D34": 81.4, "D35": 79.0,
}  # fmt: skip
DRIFT_SD = 0.20  # points by which a department's true mean wanders from round to round

# ---- contact --------------------------------------------------------------------------------------------------------
ACTIVITY_SD = 0.55  # some firms deal with many offices
CONTACT_SIZE = {  # logit by size, for each role
    "regulator": dict(zip(SIZES, (1.3, 0.9, 0.5, 0.1, 0.0), strict=True)),
    "service": dict(zip(SIZES, (1.1, 0.8, 0.5, 0.2, 0.0), strict=True)),
    "utility": dict(zip(SIZES, (0.5, 0.4, 0.2, 0.0, 0.0), strict=True)),
    "judiciary": dict(zip(SIZES, (1.0, 0.8, 0.5, 0.2, 0.0), strict=True)),
}
HARSH_CONTACT = {
    "regulator": 0.20,
    "service": 0.0,
    "utility": 0.0,
    "judiciary": 0.12,
}  # logit a sd of harshness
CONTACT_GROUP = {  # logit by department for the trades that meet it more often
    "D10": {"工业": 0.9, "建筑与房地产": 0.4}, "D19": {"工业": 0.7, "建筑与房地产": 0.5}, "D11": {"建筑与房地产": 1.3},
    "D15": {"农业": 1.8}, "D13": {"交通物流": 1.4}, "D08": {"工业": 0.3}, "D03": {"工业": 0.6, "现代服务": 0.7},
    "D04": {"工业": 0.9}, "D12": {"批零住餐": 0.5, "生活与公共服务": 0.3}, "D17": {"现代服务": 0.4, "生活与公共服务": 0.7},
    "D18": {"批零住餐": 0.3, "生活与公共服务": 0.8}, "D09": {"工业": 0.4, "建筑与房地产": 1.0}, "D02": {"生活与公共服务": 0.8},
    "D25": {"农业": 1.2}, "D14": {"农业": 0.9, "工业": 0.3}, "D32": {"工业": 0.8}, "D16": {"批零住餐": 0.3},
}  # fmt: skip
KINDS = {  # share of online, visit, inspected among contacts; the round's `online` scales the first against the second
    "regulator": (0.36, 0.34, 0.30),
    "service": (0.52, 0.46, 0.02),
    "utility": (0.60, 0.38, 0.02),
    "judiciary": (0.30, 0.66, 0.04),
}

# ---- drivers, environments, overall satisfaction -------------------------------------------------------------------
DRIVER_MEANS = {
    "D1": 75.5,
    "D2": 85.5,
    "D3": 74.0,
    "D4": 80.0,
    "D5": 86.0,
    "D6": 79.0,
    "D7": 82.5,
    "D8": 75.0,
    "D9": 77.5,
}
DRIVER_OWN_SD = 0.95
DRIVER_EFFECTS = {
    "D1": 0.30,
    "D2": 0.03,
    "D3": 0.25,
    "D4": 0.05,
    "D5": 0.0,
    "D6": 0.08,
    "D7": 0.06,
    "D8": 0.15,
    "D9": 0.05,
}
HALO_EFFECT = 0.15
ENVIRONMENT_MEANS = {"E1": 72.5, "E2": 80.0, "E3": 77.5, "E4": 81.0, "E5": 72.0}
ENVIRONMENT_EFFECTS = {"E1": 0.10, "E2": 0.0, "E3": 0.08, "E4": 0.0, "E5": 0.0}
ENVIRONMENT_COMMON_SD = 0.45
ENVIRONMENT_OWN_SD = 0.80
OVERALL_MEAN, OVERALL_SPREAD, OVERALL_NOISE = 7.75, 1.55, 0.60
LEVEL_DRIFT = {
    "D8": (0.0, 0.1, 0.25, 0.4, 0.6),
    "D7": (-0.8, -0.4, 0.0, 0.4, 0.8),
}  # points a round, true changes


def generator(seed: int, round_id: str, task: str) -> np.random.Generator:
    """Start the random numbers of one task; nothing depends on the order in which tasks run."""
    digest = hashlib.sha256(f"{seed}/{round_id}/{task}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def number_of(round_id: str) -> int:
    """Give the position of a round in time, 0 for the first.

    >>> number_of("2021H1")
    1
    """
    return list(WAVES).index(round_id)


# ---- planted faults -------------------------------------------------------------------------------------------------
BLOC_ROUND, BLOC_CHAMBER, BLOC_DISTRICT, BLOC_SIZE = "2022H1", "CC18", "XG", 60
SPEEDERS, STRAIGHT = 0.02, 0.013  # shares of forms


def exposure(effective: date, wave: Wave) -> float:
    """Compute the share of a round's reference period on which something was in force.

    >>> exposure(date(2022, 1, 1), WAVES["2022H1"])
    1.0
    """
    first = date(wave.asof.year, 1 if wave.asof.month == 6 else 7, 1)
    days = (wave.asof - first).days + 1
    return min(max((wave.asof - effective).days + 1, 0) / days, 1.0)
