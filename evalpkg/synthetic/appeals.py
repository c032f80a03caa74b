"""The register of the appeals platform: what came in, who handled it, when it was closed, or not yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from . import flaws, world
from .grammar import one, say
from .phrases import LEADS, Phrases
from .remarks import Pen, sentence

COUNTS = {"2020H2": 96, "2021H1": 121, "2021H2": 137, "2022H1": 172, "2022H2": 203}
CHANNELS = {
    "platform": 0.62,
    "hotline12345": 0.14,
    "visit": 0.07,
    "phone": 0.07,
    "forum": 0.05,
    "chamber": 0.05,
}
OUTCOMES = {"resolved": 0.44, "partly": 0.22, "explained": 0.20, "not_resolved": 0.09, "out_of_scope": 0.05}
SATISFACTION = {"resolved": 4.5, "partly": 3.6, "explained": 3.0, "not_resolved": 1.9, "out_of_scope": 2.6}
MEDIAN_DAYS, SPREAD_DAYS = 11.0, 0.95  # days to closing are log-normal; the spread is that of their logarithm
SPEED = {"D09": 1.7, "D11": 1.6, "D12": 1.3, "D29": 1.5, "D26": 0.6, "D24": 0.55, "D33": 0.7, "D08": 0.8}
COUNTY_SPEED = 1.25  # county bodies take longer
REOPENED, NEVER = 0.07, 0.04  # shares: closed and opened again; not closed however long one waits
FIELDS = ("appeal_id", "submitted", "channel", "district", "size", "department", "category", "category_src", "text", "status",
          "accepted", "due", "closed", "outcome", "reopened_n", "reply", "satisfaction", "satisfaction_asked")  # fmt: skip
THEME_WEIGHTS = (10, 6, 8, 14, 6, 5, 3, 9, 9, 5, 6, 8, 4, 5, 4, 2)
LOCAL = 30  # towns, parks and streets that are bodies of the platform beside the departments
REPLIES = {
    "resolved": "{已联系|走访|约谈}{企业|当事双方}，{问题已解决|事项已办结|款项已到位}",
    "partly": "{已转|会同}有关单位{办理|处理}，{部分问题已解决|后续跟进}",
    "explained": "{经核实|经研究}，{按现行政策办理|属于正常程序}，已向企业{说明|解释}",
    "not_resolved": "{经核实|经协调}，{暂不具备条件|双方分歧较大}，{建议走法律途径|待政策明确后办理}",
    "out_of_scope": "{不属于本平台|不在受理范围}，已告知{反映渠道|其他途径}",
}


@dataclass(frozen=True)
class Body:
    """A body of the platform: a municipal department (D26), a county one (LL-D20) or a town (LL-T03)."""

    code: str
    district: str
    speed: float

    @property
    def median(self) -> float:
        """True median of days to closing, among cases that are ever closed."""
        return MEDIAN_DAYS * self.speed


def bodies(districts: list[str], departments: list[str]) -> list[Body]:
    """List the 485 bodies: 35 of the city, the counties' own, and towns."""
    city = [Body(code, "", SPEED.get(code, 1.0)) for code in departments]
    pairs = [(district, code) for code in departments for district in districts]
    towns = [Body(f"{districts[i % len(districts)]}-T{i // len(districts) + 1:02d}", districts[i % len(districts)], COUNTY_SPEED)
             for i in range(LOCAL)]  # fmt: skip
    county = [
        Body(f"{d}-{code}", d, SPEED.get(code, 1.0) * COUNTY_SPEED)
        for d, code in pairs[: 485 - len(city) - LOCAL]
    ]
    return city + county + towns


def register(
    wave: world.Wave, districts: list[str], departments: list[str], phrases: Phrases, seed: int
) -> pd.DataFrame:
    """Draw the register of a half-year as it stands on the last day of the half-year."""
    pen = Pen(phrases, wave.id, world.generator(seed, wave.id, "appeals"))
    known = {body.code: body for body in bodies(districts, departments)}
    first = date(wave.asof.year, 1 if wave.asof.month == 6 else 7, 1)
    days = np.sort(pen.rng.uniform(0, (wave.asof - first).days + 1, COUNTS[wave.id]))
    rows = [
        _case(pen, known, districts, first, wave.asof, float(day), place)
        for place, day in enumerate(days, start=1)
    ]
    return pd.DataFrame(rows)[list(FIELDS)]


def _case(
    pen: Pen, known: dict[str, Body], districts: list[str], first: date, asof: date, day: float, place: int
) -> dict[str, object]:
    rng = pen.rng
    theme = one(world.THEMES, rng, THEME_WEIGHTS)
    district = one(districts, rng, [world.DISTRICTS[code] for code in districts])
    handler = _handler(theme, district, known, rng)
    hour = int(8 + 12 * rng.random())
    submitted = datetime(first.year, first.month, first.day, hour, place % 60) + timedelta(days=int(day))
    accepted = submitted + timedelta(hours=1 + 24 * int(rng.exponential(0.8)))
    text, _ = (
        flaws.sign(sentence(pen, theme), pen.phrases, rng)
        if rng.random() < 0.06
        else (sentence(pen, theme), ())
    )
    row: dict[str, object] = {
        "appeal_id": f"AP-{submitted:%Y%m}-{(place * 7919 + 40_127) % 100_000:05d}", "submitted": _stamp(submitted),
        "channel": one(list(CHANNELS), rng, list(CHANNELS.values())), "district": district,
        "size": one(["", *world.SIZES], rng, (0.10, 0.07, 0.13, 0.25, 0.25, 0.20)),
        "department": _several(handler, rng), "category": theme if rng.random() < 0.9 else "",
        "category_src": one(("human", "rule", "model"), rng, (0.6, 0.25, 0.15)), "text": text,
    }  # fmt: skip
    return row | _course(handler, submitted, accepted, datetime(asof.year, asof.month, asof.day, 23, 59), rng)


def _handler(theme: str, district: str, known: dict[str, Body], rng: np.random.Generator) -> Body:
    """Choose a lead department of the theme: the city's own, or that of the county where it has one."""
    code = one([code for code, themes in LEADS.items() if theme in themes], rng)
    local = known.get(f"{district}-{code}")
    if local and rng.random() < 0.45:
        return local
    town = known.get(f"{district}-T01")
    return town if town and rng.random() < 0.05 else known[code]


def _several(handler: Body, rng: np.random.Generator) -> str:
    """Name the handling bodies: one case in twelve has two."""
    return f"{handler.code};D24" if rng.random() < 0.08 and handler.code != "D24" else handler.code


def _course(
    handler: Body, submitted: datetime, accepted: datetime, asof: datetime, rng: np.random.Generator
) -> dict[str, object]:
    """From acceptance to closing; what the last day of the half-year cuts off is still open."""
    again = rng.random() < REOPENED
    days = float(np.exp(rng.normal(np.log(handler.median), SPREAD_DAYS, 1 + again)).sum())
    closed = accepted + timedelta(days=days if rng.random() > NEVER else 9999)
    done = closed <= asof
    due = accepted + timedelta(days=30 if handler.district else 21)
    row: dict[str, object] = {
        "accepted": _stamp(accepted) if accepted <= asof else "", "due": f"{due:%Y-%m-%d}",
        "closed": _stamp(closed) if done else "", "reopened_n": int(again and done),
    }  # fmt: skip
    return row | (_ending(rng) if done else _pending(again, accepted <= asof, rng))


def _ending(rng: np.random.Generator) -> dict[str, object]:
    outcome = one(list(OUTCOMES), rng, list(OUTCOMES.values()))
    asked = rng.random() < 0.6
    score = int(np.clip(np.rint(rng.normal(SATISFACTION[outcome], 0.8)), 1, 5))
    return {
        "status": "rejected" if outcome == "out_of_scope" else "closed", "outcome": outcome,
        "reply": say(REPLIES[outcome], rng), "satisfaction": score if asked and rng.random() < 0.72 else "",
        "satisfaction_asked": "true" if asked else "false",
    }  # fmt: skip


def _pending(again: bool, accepted: bool, rng: np.random.Generator) -> dict[str, object]:
    status = one(("assigned", "in_progress", "withdrawn"), rng, (0.3, 0.66, 0.04)) if accepted else "received"
    row = {"status": status, "outcome": "", "reply": "", "satisfaction": "", "satisfaction_asked": "false"}
    return row | (
        {"status": "reopened", "reopened_n": 1} if again and accepted and rng.random() < 0.5 else {}
    )


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
