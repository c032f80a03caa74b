"""The ledger of problems raised at forums, visits and by telephone, and what the platform's operator says of it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from . import phrases, world
from .grammar import one, say
from .phrases import LEADS, Phrases

COUNTS = {"2020H2": 14, "2021H1": 17, "2021H2": 20, "2022H1": 22, "2022H2": 23}
SOURCES = {"forum": 0.55, "visit": 0.25, "phone": 0.12, "chamber": 0.08}
# Of the problems that came so far, the share that ever takes the next step, and the median of the days that it takes.
STEPS = {"instructed": (0.80, 9.0), "adopted": (0.78, 24.0), "resolved": (0.72, 45.0)}
SPREAD_DAYS = 0.6  # of the logarithm of days
DISTRICTS = ("LC", "XG", "CH", "JX", "LL")  # where the forums were held
INSTRUCTIONS = "请{牵头部门|有关部门}{研究办理|拿出办法|限期答复}，{结果报来|并在下轮回访}"
RESULTS = "{已出台办法|已列入清单|已现场协调}，{回访企业认可|事项已办结}"
# Numbers of enterprises and departments as the newspaper gave them; everything else about the platform is invented.
PLATFORM = {
    "asof": "2021-10-31",
    "enterprises": 41_927,
    "province_share": 27,
    "bodies": 485,
    "source": "公开报道",
}


def ledger(loaded: Phrases, seed: int) -> pd.DataFrame:
    """Draw the ledger of all rounds as it stands on the last day of the last one.

    Every round has random numbers of its own, so that no other file of the demo hangs on this one.
    """
    end = max(wave.asof for wave in world.WAVES.values())
    rows = [row for wave in world.WAVES.values() for row in _round(wave, loaded, end, seed)]
    numbered = [{"problem_id": f"PB-{number:04d}", **row} for number, row in enumerate(rows, start=1)]
    return pd.DataFrame(numbered)


def platform() -> pd.DataFrame:
    """Arrange what the operator says of the platform, a row a date."""
    return pd.DataFrame([PLATFORM])


def _round(wave: world.Wave, loaded: Phrases, end: date, seed: int) -> list[dict[str, str]]:
    rng = world.generator(seed, wave.id, "problems")
    first = date(wave.asof.year, 1 if wave.asof.month == 6 else 7, 1)
    days = np.sort(rng.integers(0, (wave.asof - first).days + 1, COUNTS[wave.id]))
    return [_problem(wave, loaded, first + timedelta(days=int(day)), end, rng) for day in days]


def _problem(
    wave: world.Wave, loaded: Phrases, raised: date, end: date, rng: np.random.Generator
) -> dict[str, str]:
    theme = one(world.THEMES, rng)
    reached = _steps(raised, end, rng)
    row = {
        "raised_on": raised.isoformat(), "source": one(list(SOURCES), rng, list(SOURCES.values())),
        "district": one(DISTRICTS, rng), "theme": theme,
        "department": one([code for code, themes in LEADS.items() if theme in themes], rng),
        "problem": phrases.core(loaded, theme, wave.id, rng),
    }  # fmt: skip
    said = {"instruction": say(INSTRUCTIONS, rng), "result": say(RESULTS, rng)}
    return {
        **row, "instructed_on": reached["instructed"], "instruction": said["instruction"] if reached["instructed"] else "",
        "adopted_on": reached["adopted"], "resolved_on": reached["resolved"],
        "result": said["result"] if reached["resolved"] else "",
    }  # fmt: skip


def _steps(raised: date, end: date, rng: np.random.Generator) -> dict[str, str]:
    """Take one step after the other until one is never taken, or has not been by the last day."""
    moment, going = raised, True
    reached = {}
    for step, (share, median) in STEPS.items():
        going = going and rng.random() < share
        moment += timedelta(days=1 + round(float(np.exp(rng.normal(np.log(median), SPREAD_DAYS)))))
        going = going and moment <= end
        reached[step] = moment.isoformat() if going else ""
    return reached
