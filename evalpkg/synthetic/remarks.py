"""Free-text remarks with known themes: what people write, and what it truly holds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from . import flaws, world
from .answers import Answers, difficulty_chance
from .firms import Firms
from .grammar import one, say
from .phrases import LEADS, Phrases, aside, core
from .ratings import Offices, Rated
from .world import NEW_THEME, THEMES

KINDS = {"complaint": 0.79, "empty": 0.08, "praise": 0.05, "vague": 0.035, "offtopic": 0.025, "negated": 0.02}
CONTENT_KINDS = {
    "complaint": 0.22,
    "empty": 0.42,
    "praise": 0.26,
    "vague": 0.05,
    "offtopic": 0.03,
    "negated": 0.02,
}
J2_KINDS = {"complaint": 0.72, "empty": 0.14, "praise": 0.09, "vague": 0.05}
WRITES_J1, WRITES_J2 = 0.67, 0.35
NEW_WEIGHT = {
    "批零住餐": 0.13,
    "现代服务": 0.07,
    "生活与公共服务": 0.07,
    "农业": 0.04,
}  # chance in place of an old theme
CAMPAIGN_ROUND, CAMPAIGN_CHAMBER, CAMPAIGN_SIZE = "2022H1", "CC03", 12
CAMPAIGN = (
    "市政{项目|工程}用我们的材料一年多了，审计{迟迟|一直}不出报告，材料款拖着不给，"
    "请市里督促甲方按合同付款，我们几十家供应商都垫不动了{|。|！}"
)


@dataclass(frozen=True)
class Remark:
    """One text and what it truly holds; `negated` are themes that it says are no problem."""

    text: str = ""
    kind: str = "blank"
    themes: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    negated: tuple[str, ...] = ()
    personal: flaws.Personal = ()
    planted: str = ""


@dataclass(frozen=True)
class Remarks:
    """A round's texts in the order of firms, and the chance (n, themes + 1) of each theme in a first complaint."""

    j1: list[Remark]
    j2: list[Remark]
    other: list[Remark]
    chance: np.ndarray


@dataclass(frozen=True)
class Pen:
    """What a writer needs: phrases, the round, the random numbers."""

    phrases: Phrases
    round_id: str
    rng: np.random.Generator


def draw(
    firms: Firms, rated: Rated, bodies: Offices, given: Answers, wave: world.Wave, phrases: Phrases, seed: int
) -> Remarks:
    """Write the remarks of a round."""
    chance = theme_chance(firms, given, wave)
    pen = Pen(phrases, wave.id, world.generator(seed, wave.id, "J1"))
    content = given.ticks["G1"][:, -1]
    j1 = [_wish(pen, chance[row], bool(content[row]), float(firms.person[row])) for row in range(firms.n)]
    pen = replace(pen, rng=world.generator(seed, wave.id, "J2"))
    j2 = [_opinion(pen, bodies.codes, rated.contact[row], rated.rating[row]) for row in range(firms.n)]
    pen = replace(pen, rng=world.generator(seed, wave.id, "G1_oth"))
    other = [_other(pen) for _ in range(firms.n)]
    pen = replace(pen, rng=world.generator(seed, wave.id, "planted"))
    j1 = _campaign(pen, firms, j1) if wave.id == CAMPAIGN_ROUND else j1
    return Remarks(_hostile(j1, pen.rng), j2, other, chance)


def theme_chance(firms: Firms, given: Answers, wave: world.Wave) -> np.ndarray:
    """Chance of each theme (columns THEMES + the new one) in a firm's first complaint; ticked difficulties count 4 times."""
    base = difficulty_chance(firms, wave.id)[:, : len(THEMES)] * (1 + 3 * given.ticks["G1"][:, : len(THEMES)])
    base = base / base.sum(axis=1, keepdims=True)
    new = firms.table["industry"].map(NEW_WEIGHT).fillna(0.01).to_numpy(dtype=float) * (
        wave.id == world.NEW_ROUND
    )
    return np.column_stack([base * (1 - new[:, None]), new])


def _pick(kinds: dict[str, float], rng: np.random.Generator) -> str:
    return one(list(kinds), rng, list(kinds.values()))


def _wish(pen: Pen, chance: np.ndarray, content: bool, person: float) -> Remark:
    """J1: the one problem to be solved."""
    if pen.rng.random() > WRITES_J1 - 0.03 * person:
        return Remark()
    kind = _pick(CONTENT_KINDS if content else KINDS, pen.rng)
    if kind == "complaint":
        return _finished(pen, _complaint(pen, chance))
    if kind == "negated":
        theme = one(("ARR", "FIN", "INSP", "LAB", "PARK", "ENV"), pen.rng)
        return Remark(aside(pen.phrases, f"negated_{theme}", pen.rng), kind, negated=(theme,))
    return Remark(aside(pen.phrases, kind, pen.rng), kind)


def _finished(pen: Pen, remark: Remark) -> Remark:
    """Add slips and personal data."""
    text, personal = flaws.slip(remark.text, pen.phrases, pen.rng), remark.personal
    if pen.rng.random() < 0.05:
        text, personal = flaws.sign(text.rstrip("。！…"), pen.phrases, pen.rng)
    return replace(remark, text=text, personal=personal)


def _complaint(pen: Pen, chance: np.ndarray) -> Remark:
    names = (*THEMES, NEW_THEME)
    count = one((1, 2, 3), pen.rng, (0.70, 0.22, 0.08))
    themes = [one(names, pen.rng, chance)]
    while len(themes) < count:
        themes.append(
            one(names, pen.rng, [p * (name not in themes) for p, name in zip(chance, names, strict=True)])
        )
    if count == 1:
        return _single(pen, themes[0])
    return Remark(_joined(pen, themes), "complaint", tuple(themes))


def _single(pen: Pen, theme: str) -> Remark:
    """One theme; sometimes set against another that is said to be fine."""
    denied = one(("FIN", "LAB", "INSP", "ARR"), pen.rng)
    if denied != theme and pen.rng.random() < 0.05:
        text = aside(pen.phrases, f"contrast_{denied}", pen.rng) + core(
            pen.phrases, theme, pen.round_id, pen.rng
        )
        return Remark(text, "complaint", (theme,), negated=(denied,))
    return Remark(sentence(pen, theme), "complaint", (theme,))


def sentence(pen: Pen, theme: str) -> str:
    """Say an opening, the problem, what comes of it, what is wished, each but the problem optional."""
    rng, phrases = pen.rng, pen.phrases
    text = aside(phrases, "opening", rng) if rng.random() < 0.22 else ""
    text += core(phrases, theme, pen.round_id, rng)
    if rng.random() < 0.36:
        text += one("，，；", rng) + aside(phrases, "effect", rng, theme if rng.random() < 0.6 else "")
    if rng.random() < 0.34:
        text += one("，。。", rng) + aside(phrases, "wish", rng, theme if rng.random() < 0.7 else "")
    if rng.random() < 0.04:
        text += "，" + aside(phrases, "closing", rng)
    return text + one(("", "", "", "。", "。", "！", "…"), rng)


def _joined(pen: Pen, themes: list[str]) -> str:
    rng, style = pen.rng, pen.rng.random()
    parts = [core(pen.phrases, theme, pen.round_id, rng) for theme in themes]
    if style < 0.40:
        heads = one(pen.phrases.around["", "head"], rng).split(";")
        gap = one(("；", "；", "。", "\n", ""), rng)
        return gap.join(head + part for head, part in zip(heads, parts, strict=False))
    if style < 0.72:
        return parts[0] + "".join("。" + aside(pen.phrases, "another", rng) + part for part in parts[1:])
    return one("，；。", rng).join(parts)


def _opinion(pen: Pen, codes: list[str], contact: np.ndarray, rating: np.ndarray) -> Remark:
    """J2: a department and a matter; firms speak of offices they met, rather of those that they rated low."""
    rng = pen.rng
    if rng.random() > WRITES_J2:
        return Remark()
    kind = _pick(J2_KINDS, rng)
    met = (contact > 0) & (rating > 0)
    if kind in ("empty", "vague") or not met.any():
        return Remark(
            aside(pen.phrases, kind if kind in ("empty", "vague") else "empty", rng),
            kind if kind == "vague" else "empty",
        )
    mild = -0.55 if kind == "complaint" else 1.2
    known = np.array([1.0 if code in LEADS else 0.45 for code in codes])
    code = one(codes, rng, met * known * np.exp(mild * rating))
    name = one(pen.phrases.names[code], rng)
    if kind == "praise":
        return Remark(
            name + say("{服务好|态度好|办事快|很负责}{|，点赞|，值得表扬|，一次就办成了}", rng),
            kind,
            (),
            (code,),
        )
    return _finished(
        pen, _matter(pen, code, name, [other for other in codes if other in LEADS and other != code])
    )


def _matter(pen: Pen, code: str, name: str, others: list[str]) -> Remark:
    rng = pen.rng
    if rng.random() < 0.06:
        second = one(others, rng)
        text = f"{name}{one('和跟', rng)}{one(pen.phrases.names[second], rng)}{aside(pen.phrases, 'handoff', rng)}"
        return Remark(text, "complaint", ("OTH",), (code, second))
    matters = pen.phrases.matters.get(code, [])
    if matters and (code not in LEADS or rng.random() < 0.3):
        theme, text = "OTH", say(one(matters, rng), rng)
    else:
        theme = one(LEADS[code], rng)
        text = core(pen.phrases, theme, pen.round_id, rng, code)
    text = name + one(("：", "：", "，", "方面，", "那边，", " "), rng) + text
    if rng.random() < 0.2:
        text += "，" + aside(pen.phrases, "wish", rng)
    return Remark(text, "complaint", (theme,), (code,))


def _other(pen: Pen) -> Remark:
    """Write the words behind the option "other"."""
    if pen.rng.random() < 0.15:
        return Remark()
    if pen.round_id == world.NEW_ROUND and pen.rng.random() < 0.25:
        return Remark(core(pen.phrases, NEW_THEME, pen.round_id, pen.rng), "complaint", (NEW_THEME,))
    return Remark(aside(pen.phrases, "other", pen.rng), "complaint", ("OTH",))


def _campaign(pen: Pen, firms: Firms, j1: list[Remark]) -> list[Remark]:
    """Let a dozen firms copy a text that their chamber handed out, almost word for word."""
    members = np.flatnonzero((firms.table["chamber"] == CAMPAIGN_CHAMBER).to_numpy())[:CAMPAIGN_SIZE]
    copied = {
        int(row): Remark(say(CAMPAIGN, pen.rng), "complaint", ("ARR",), planted="campaign") for row in members
    }
    return [copied.get(row, remark) for row, remark in enumerate(j1)]


def _hostile(j1: list[Remark], rng: np.random.Generator) -> list[Remark]:
    """One remark each with a script, a formula, quotes, the export's own separators, and a line break."""
    plain = [
        row
        for row, remark in enumerate(j1)
        if len(remark.themes) == 1 and not remark.planted and not remark.personal
    ]
    rows = rng.choice(plain, size=5, replace=False).tolist()
    changed = dict(zip(rows, ("script", "formula", "quotes", "separator", "break"), strict=True))
    return [_spoiled(remark, changed[row]) if row in changed else remark for row, remark in enumerate(j1)]


def _spoiled(remark: Remark, way: str) -> Remark:
    text = remark.text
    if way == "formula":
        return Remark('=HYPERLINK("http://example.com","点这里")', "offtopic", planted=way)
    new = {
        "script": text + "<script>alert(1)</script>",
        "quotes": f"“{text}”，他们就说\"等通知\"，'等'到现在",
        "separator": text.replace("，", "┋", 1) + "〖急〗",
        "break": text.replace("，", "\n", 1) + "\n\n谢谢",
    }
    return replace(remark, text=new[way], planted=way)
