"""What is true in the demo, as plain values for ``truth.json``."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd

from . import answers, appeals, measures, remarks, world
from .firms import Effects
from .plants import Forms, Planted
from .ratings import Offices

NOTE = "synthetic data: every number here was invented; see METHODS.md, Simulated truth"


def city(effects: Effects, seed: int) -> dict[str, Any]:
    """Collect the parameters that hold in all rounds."""
    person = world.SEVERITY_SD**2 + world.DISTRICT_SD**2 + world.CHAMBER_SD**2
    return {
        "note": NOTE, "seed": seed,
        "severity_sd": world.SEVERITY_SD, "latent_icc": person / (1 + person), "cuts": list(world.CUTS),
        "effects": {"district": effects.district, "chamber": effects.chamber, "size": world.SIZE_EFFECT, "mode": world.MODE_EFFECT,
                    "contact_kind": list(world.KIND_EFFECT)},
        "harsh_contact_logit": world.HARSH_CONTACT,
        "driver_effects": world.DRIVER_EFFECTS, "environment_effects": world.ENVIRONMENT_EFFECTS, "halo_effect": world.HALO_EFFECT,
        "driver_drift": world.LEVEL_DRIFT, "difficulty_drift": answers.DIFFICULTY_DRIFT,
        "new_theme": {"theme": world.NEW_THEME, "since": world.NEW_ROUND},
        "measures": measures.truth(),
        "appeals": {"median_days": appeals.MEDIAN_DAYS, "log_sd": appeals.SPREAD_DAYS, "speed": appeals.SPEED,
                    "county_speed": appeals.COUNTY_SPEED, "reopened": appeals.REOPENED, "never_closed": appeals.NEVER,
                    "outcomes": appeals.OUTCOMES},
    }  # fmt: skip


def departments(bodies: Offices) -> dict[str, dict[str, float]]:
    """State true means (0-100): if every firm rated, and among the firms that deal with the department; contact in per cent."""
    rows = zip(bodies.codes, bodies.mean, bodies.of_contacts, bodies.contact * 100, strict=True)
    return {
        code: _rounded({"mean": mean, "of_contacts": among, "contact": rate})
        for code, mean, among, rate in rows
    }


def planted(rows: Planted, forms: Forms, serial: np.ndarray, prints: list[str]) -> dict[str, Any]:
    """List serial numbers of the planted forms; `bloc_content` are fingerprints of the answers, whatever the row order."""
    texts = [
        (int(serial[row]), remark.planted) for row, remark in enumerate(forms.texts.j1) if remark.planted
    ]
    kinds = {
        name: sorted(serial[getattr(rows, name)].tolist())
        for name in ("bloc", "speeders", "straight", "torn", "exclusive")
    }
    return kinds | {
        "bloc_content": sorted(prints[row] for row in rows.bloc),
        "texts": {
            kind: sorted(number for number, way in texts if way == kind)
            for kind in sorted({way for _, way in texts})
        },
    }


def spoken(
    texts: remarks.Remarks, serial: np.ndarray, other_printed: np.ndarray
) -> dict[str, dict[str, Any]]:
    """List what each respondent's remarks hold, by serial number and item; blank ones are left out."""
    found: dict[str, dict[str, Any]] = {}
    for item, rows in (("J1", texts.j1), ("J2", texts.j2), ("G1_oth", texts.other)):
        for row, remark in enumerate(rows):
            if remark.text and (item != "G1_oth" or other_printed[row]):
                found.setdefault(str(int(serial[row])), {})[item] = _remark(remark)
    return found


def _remark(remark: remarks.Remark) -> dict[str, Any]:
    full = {
        "kind": remark.kind, "themes": list(remark.themes), "departments": list(remark.departments),
        "negated": list(remark.negated), "personal": [list(pair) for pair in remark.personal], "planted": remark.planted,
    }  # fmt: skip
    return {key: value for key, value in full.items() if value}


def theme_shares(texts: remarks.Remarks, other_printed: np.ndarray) -> dict[str, Any]:
    """Compute the share of respondents (per cent, unweighted) who name a theme in any remark, and the chance by design in J1."""
    rows = list(zip(texts.j1, texts.j2, texts.other, other_printed, strict=True))
    names = (*world.THEMES, world.NEW_THEME)
    held = [
        {*one.themes, *two.themes, *(three.themes if printed else ())} for one, two, three, printed in rows
    ]
    named = {theme: sum(theme in themes for themes in held) / len(rows) * 100 for theme in names}
    chance = dict(zip(names, (texts.chance.mean(axis=0) * 100).tolist(), strict=True))
    return {"named": _rounded(named), "chance_first_complaint": _rounded(chance)}


def register(table: pd.DataFrame, asof: str) -> dict[str, Any]:
    """Count the register: records, still open, opened again."""
    open_now = table["closed"] == ""
    return {
        "records": len(table),
        "open": int(open_now.sum()),
        "reopened": int((table["reopened_n"] > 0).sum()),
        "asof": asof,
    }


def fingerprint(cells: list[Any]) -> str:
    """Compute the fingerprint of one form's answers (metadata left out)."""
    return hashlib.sha256("\x1f".join(str(cell) for cell in cells).encode()).hexdigest()[:16]


def as_json(value: Any) -> bytes:
    """Print values in a stable form."""
    return (json.dumps(rounded(value), ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def rounded(value: Any) -> Any:
    """Round every number to four decimals, so that the file does not hang on the last bit of a machine's arithmetic."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(part) for part in value]
    return round(float(value), 4) if isinstance(value, (float, np.floating)) else value


def _rounded(values: dict[str, Any]) -> dict[str, float]:
    return {key: round(float(value), 3) for key, value in values.items()}
