"""Begin a round from an export: recognise the platform, propose what each column is, write parameters to be confirmed."""

from __future__ import annotations

import csv
import difflib
import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from evalpkg import codebook as codebooks
from evalpkg import params
from evalpkg.codebook import Codebook, Item, match_key
from evalpkg.ingest import quality
from evalpkg.ingest.generic import likeliest
from evalpkg.ingest.headers import Columns, Target, match_columns, titles_of
from evalpkg.ingest.mapping import UNSURE
from evalpkg.ingest.part import read_part
from evalpkg.ingest.platforms import Platform, load_platform, recognised
from evalpkg.ingest.sheet import Sheet, framed, read_grid
from evalpkg.params import ROUND_ID, ParamsError

LIKELY = 0.5  # likeness under which no item is named
SAME_CODE = 0.9
GENERIC = "generic"  # description of platforms that have none
HEAD = ("column", "item", "values", "score", "note")


@dataclass(frozen=True)
class Guess:
    """What a column may be: its title, a target, how alike they are (1: the same words), and what to do."""

    title: str
    target: Target | None
    score: float
    note: str = ""


def begin(
    round_id: str, export: Path, root: str | Path | None = None, codebook: str = "questionnaire"
) -> list[str]:
    """Write ``params/<round>.yaml`` and ``params/<round>_columns.csv``, and put the export where the round looks for it.

    Parameters
    ----------
    round_id
        Half-year such as ``"2026H2"`` that has no parameters yet.
    export
    root
        Workspace, found as `params.find_root` does; a folder that holds no parameters yet becomes one.
    codebook
        Name of the questionnaire.

    Returns
    -------
    list of str
        Chinese lines: what was recognised and written, and every column that a person must settle.

    Raises
    ------
    ParamsError
        The name is no round, the round exists, or no column is like an item of the questionnaire; nothing is written.
    InputRefused
        The file is no table.
    """
    root, is_new = _workspace(root)
    settings = root / "params" / f"{round_id}.yaml"
    mapping = settings.with_name(f"{round_id}_columns.csv")
    target = root / "data" / "raw" / round_id / f"answers{export.suffix.lower()}"
    _check_free(round_id, [settings, mapping, target])
    book = codebooks.load(codebook, root)
    platform, sheet = _recognise(export, book, root)
    columns = match_columns(sheet, book, platform)
    guesses = list(_guesses(sheet, book, platform, columns))
    if not any(guess.score >= LIKELY for guess in guesses):
        raise ParamsError(
            f"{export.name}：没有一列像问卷说明 {codebook} 里的题；请用 --codebook 指明别的问卷说明，"
            "或者照 data/reference/codebooks/fixture.yaml 的样子写一个"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    settings.parent.mkdir(parents=True, exist_ok=True)
    if is_new:
        shutil.copyfile(params.bundle() / "params" / params.DEFAULTS, root / "params" / params.DEFAULTS)
    shutil.copyfile(export, target)
    mapping.write_text(_table(guesses), encoding="utf-8-sig", newline="")
    settings.write_text(_settings(round_id, codebook, platform, sheet, columns, root), encoding="utf-8")
    welcome = f"新的评议项目：请改 params/{params.DEFAULTS} 里的 survey、population、scale（名称、代表谁、0 分和 100 分的意思）"
    told = _told(platform, guesses, columns, [settings, mapping, target], root)
    return [welcome, *told] if is_new else told


def _workspace(root: str | Path | None) -> tuple[Path, bool]:
    """Find the workspace; tell whether it is a named folder that holds no parameters yet."""
    if root and Path(root).is_dir() and not (Path(root) / "params").exists():
        return Path(root).resolve(), True
    return params.find_root(root), False


def _check_free(round_id: str, files: list[Path]) -> None:
    if not ROUND_ID.fullmatch(round_id):
        raise ParamsError(
            f"轮次“{round_id}”写法不对：应写成 2026H2（上半年 H1，下半年 H2）；请改正", "E-ROUND"
        )
    taken = next((path for path in files if path.exists()), None)
    if taken:
        raise ParamsError(f"{round_id}：{'/'.join(taken.parts[-2:])} 已经有了，不覆盖；要重来请先移走它")


def _recognise(export: Path, book: Codebook, root: Path) -> tuple[Platform, Sheet]:
    grid = read_grid(export)
    lines = {one.name: at for one, at in recognised(grid, root)}
    if lines:
        platform = load_platform(root, read_part(export, book, root).platform)
        at = lines[platform.name]
    else:
        platform, at = likeliest(grid, load_platform(root, GENERIC), _titles(book))
    return platform, framed(grid, at, platform.header_rows, lambda top: titles_of(platform, top))


def _titles(book: Codebook) -> set[str]:
    """Collect everything that may stand over a column."""
    items = book.items.values()
    return {match_key(name) for item in items for name in (item.code, item.row, *item.titles) if name}


def _guesses(sheet: Sheet, book: Codebook, platform: Platform, columns: Columns) -> Iterator[Guess]:
    """Say of every column that is no particular of the platform what it is, or may be."""
    found = {column: Target(code) for code, column in columns.items.items()}
    found |= {
        at: Target(code, option) for code, places in columns.options.items() for option, at in places.items()
    }
    own = {match_key(name) for name in (*platform.metadata, *platform.identifiers)}
    own |= {match_key(name) for name in (*platform.clock, *platform.duration, *platform.address)}
    free = [target for target in _targets(book) if target not in found.values()]
    for column, title in enumerate(sheet.header):
        if column in found:
            yield Guess(title, found[column], 1.0)
        elif match_key(title) not in own:
            yield _likeliest(title, free, book)


def _targets(book: Codebook) -> list[Target]:
    return [Target(code) for code in book.items]


def _likeliest(title: str, free: list[Target], book: Codebook) -> Guess:
    scored = [(_likeness(title, book.items[target.item]), target) for target in free]
    score, target = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    if target is None or score < LIKELY:
        return Guess(
            title, None, score, "问卷说明里没有像的题：不用就把 item 填成 -，要用就先在问卷说明里补上这道题"
        )
    item = book.items[target.item]
    said = f"最像 {target.item}（{item.title}{'—' + item.row if item.row else ''}）：是就把 item 填成 {target.item}，不用就填 -"
    return Guess(title, target, score, said)


def _likeness(title: str, item: Item) -> float:
    if match_key(title) == match_key(item.code):
        return SAME_CODE  # the platform's code may still be another question
    key = match_key(title).lstrip("0123456789-")
    names_ = [f"{name}{item.row}" for name in item.titles] + ([item.row] if item.row else [])
    return max(difflib.SequenceMatcher(None, key, match_key(name), autojunk=False).ratio() for name in names_)


def _table(guesses: list[Guess]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEAD)
    for guess in guesses:
        sure = guess.target is not None and guess.score == 1.0
        code = (
            ".".join(filter(None, (guess.target.item, guess.target.option)))
            if sure and guess.target
            else UNSURE
        )
        writer.writerow([guess.title, code, "", f"{guess.score:.2f}", guess.note])
    return out.getvalue()


def _settings(
    round_id: str, codebook: str, platform: Platform, sheet: Sheet, columns: Columns, root: Path
) -> str:
    half = ("01-01", "06-30") if round_id.endswith("1") else ("07-01", "12-31")
    start, end = (date.fromisoformat(f"{round_id[:4]}-{day}") for day in half)
    first, last = _collected(sheet, columns) or (start, end)
    n, number = (
        len(sheet.rows),
        1 + sum(bool(ROUND_ID.fullmatch(path.stem)) for path in (root / "params").glob("*.yaml")),
    )
    margins = any(
        (folder / "margins.csv").is_file()
        for folder in (root / "data/raw" / round_id, root / "data/reference")
    )
    weighting = "" if margins else (
        "margins: null      # 还没有总体结构：把 margins.csv 放进 data/raw/本轮/ 后，删去这两行，就按总体加权\nraking: []\n"
    )  # fmt: skip
    return (
        f"# 由 evalpkg new 写出；带“请”字的地方由人改。\n"
        f"id: {round_id}\nnumber: {number}\ntheme: 请填写本轮主题\n"
        f"period: {{start: {start}, end: {end}}}\n"
        f"fieldwork:\n  start: {first}      # 收答卷的第一天和最后一天\n  end: {last}\n"
        f"  issued: {n}      # 请改成实际发出的份数\n  returned: {n}\n"
        f"recruitment: {'chambers' if 'chamber' in columns.items else 'direct'}"
        "      # 怎么找到企业：chambers、districts、direct；误差按它算，请核对\n"
        f"codebook: {codebook}\nplatform: {platform.name}\nmapping: {round_id}_columns.csv\n{weighting}"
    )


def _collected(sheet: Sheet, columns: Columns) -> tuple[date, date] | None:
    """First and last day on which forms came in, by the clock of the platform."""
    clock = quality.paradata(sheet, columns).table["clock"].to_numpy(dtype=float)
    known = clock[np.isfinite(clock)]
    if not len(known):
        return None
    first, last = (datetime.fromtimestamp(float(one), UTC).date() for one in (known.min(), known.max()))
    return first, last


def _told(
    platform: Platform, guesses: list[Guess], columns: Columns, files: list[Path], root: Path
) -> list[str]:
    unsure = [guess for guess in guesses if guess.score < 1.0]
    known = "没有认出平台，按一般的表读" if platform.name == GENERIC else f"平台：{platform.title}"
    lines = [
        f"{known}；{len(guesses) - len(unsure)} 列对上了问卷说明，{columns.dropped} 列能认出答卷人、读入时丢弃"
    ]
    lines += [f"已写好 {path.relative_to(root)}" for path in files]
    if unsure:
        lines.append(
            f"有 {len(unsure)} 列要由人确认（{files[1].name} 里 item 写着 {UNSURE} 的），确认之前不能运行："
        )
        lines += [f"  “{guess.title}”：{guess.note}" for guess in unsure]
    lacking = sum(problem.code == "E-NOCOL" for problem in columns.problems)
    lacking -= len({guess.target for guess in unsure if guess.target and guess.score >= LIKELY})
    if lacking > 0:
        lines.append(f"问卷说明里另有 {lacking} 道题没有对应的列，evalpkg check 会逐个列出")
    lines.append(f"然后 evalpkg check {files[0].stem}，照它列的改好，再 evalpkg run {files[0].stem}")
    return lines
