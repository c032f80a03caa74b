"""The list of rounds, `reports/index.html`: one row a round, its overall score with interval, links to its pages."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from evalpkg.report import inspection, publish

WIDTH, HEIGHT, EDGE, MOST = (
    344,
    132,
    26,
    6,
)  # px of the picture of all rounds, the room at its ends, and how many rounds fit
ROW_WIDTH = 180
NEEDED = {"round", "survey", "label", "theme", "notice", "n", "fingerprint", "pages"}


@dataclass(frozen=True)
class Score:
    """Overall score of a round with its 95% interval, 0-100, as the disclosure gate let it through."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Listed:
    """A published round: what its `bundle.json` says, and its score where there is one."""

    about: dict[str, Any]
    score: Score | None


def write(out: Path, results: Path) -> None:
    """Write the list of the rounds published under `out`; scores are read from the protected `results`."""
    with publish.queued("index", out):  # two processes that publish different rounds: the second sees both
        html = render(published(out, results))
        inspection.require_static("index.html", html)
        publish.replace_file(out / "index.html", html)


def published(out: Path, results: Path) -> list[Listed]:
    """Find the published rounds, latest first; a folder whose record is not ours is passed over."""
    records = [read_record(path) for path in out.glob("[0-9]*/bundle.json")]
    found = sorted((about for about in records if about), key=lambda about: about["round"], reverse=True)
    return [Listed(about, read_score(results / about["round"] / "overall.csv")) for about in found]


def read_record(path: Path) -> dict[str, Any] | None:
    """Read the record beside a round's pages; None where a part that the list needs is missing."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return about if isinstance(about, dict) and about.keys() >= NEEDED else None


def read_score(path: Path) -> Score | None:
    """Read the overall score of a round; None where it was not asked, not published, or hidden."""
    if not path.is_file():
        return None
    with path.open(encoding="utf-8-sig", newline="") as file:
        row = next(csv.DictReader(file), {})
    try:
        values = [float(row[name]) for name in ("estimate", "conf_low", "conf_high")]
    except (KeyError, ValueError):
        return None
    return Score(*values) if all(map(math.isfinite, values)) else None


def render(rounds: Sequence[Listed]) -> str:
    """Render the list of rounds."""
    folder = Path(__file__).parent / "template"
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    scores = [item.score for item in rounds if item.score]
    return environment.get_template("rounds.html.j2").render(
        rounds=[(item, _bar(item.score, _scale(scores))) for item in rounds],
        latest=rounds[0],
        course=_course(rounds),
        scale=_scale(scores),
        ticks=_ticks(_scale(scores)),
        page={"heading": f"各轮目录 · {rounds[0].about['survey']}", "notice": _notice(rounds)},
    )


def _notice(rounds: Sequence[Listed]) -> str:
    return next((item.about["notice"] for item in rounds if item.about["notice"]), "")


def _scale(scores: Sequence[Score]) -> tuple[float, float]:
    """Choose the ends of the common scale: whole fives around all intervals."""
    low = min((score.low for score in scores), default=0.0)
    high = max((score.high for score in scores), default=100.0)
    return 5 * (low // 5), 5 * -(-high // 5)


def _ticks(scale: tuple[float, float]) -> list[tuple[int, float]]:
    low, high = scale
    step = 5 if high - low <= 15 else 10 * max(1, round((high - low) / 40))
    return [(value, _x(value, scale)) for value in range(int(low), int(high) + 1, step)]


def _x(value: float, scale: tuple[float, float]) -> float:
    low, high = scale
    return round(10 + (ROW_WIDTH - 20) * (value - low) / ((high - low) or 1), 1)


def _bar(score: Score | None, scale: tuple[float, float]) -> dict[str, float] | None:
    """Places, in px, of one round's interval and point on the common scale."""
    if score is None:
        return None
    return {"low": _x(score.low, scale), "high": _x(score.high, scale), "at": _x(score.estimate, scale)}


def _course(rounds: Sequence[Listed]) -> list[dict[str, Any]]:
    """Places of the rounds in the picture above the list, earliest first; empty for a single round."""
    shown = [item for item in reversed(rounds) if item.score][-MOST:]
    if len(shown) < 2:
        return []
    scores = [item.score for item in shown if item.score]
    low, high = min(score.low for score in scores), max(score.high for score in scores)
    step = (WIDTH - 2 * EDGE) / (len(shown) - 1)

    def y(value: float) -> float:
        return round(24 + (HEIGHT - 60) * (high - value) / ((high - low) or 1), 1)

    return [
        {
            "x": round(EDGE + step * number, 1),
            "low": y(score.low),
            "high": y(score.high),
            "y": y(score.estimate),
            "value": f"{score.estimate:.1f}",
            "name": short(item.about["round"]),
        }
        for number, (item, score) in enumerate(zip(shown, scores, strict=True))
    ]


def short(round_id: str) -> str:
    """Name a round as an axis does.

    >>> short("2022H2")
    '2022下'
    """
    return round_id[:4] + {"H1": "上", "H2": "下"}.get(round_id[4:], round_id[4:])
