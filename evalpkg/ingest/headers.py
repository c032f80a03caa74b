"""Match the columns of an export to the items of the codebook."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from evalpkg.codebook import Codebook, Item, match_key
from evalpkg.ingest.platforms import Platform
from evalpkg.ingest.problems import Problem
from evalpkg.ingest.sheet import Sheet

NUMBERED = re.compile(r"^\s*(?:Q|第)?(\d{1,3})\s*[、.．:：]\s*(.*)$", re.DOTALL)
UNKNOWN = ("E-UNKNOWNCOL", "问卷说明里没有这道题；请改正题干，或在问卷说明里补上这道题")
PERSONAL = (
    "E-PIICOL",
    "这一列像是能认出答卷人的，而评议是不记名的；请删去这一列再导入，或在列名对照表里把它的 item 写成 -（略去）",
)
IDENTIFYING = re.compile(
    "姓名|电话|手机|身份证|邮箱|e-?mail|微信|qq号|ip|经纬度|法人|法定代表人|负责人|联系人|企业名称|单位名称|公司名称|信用代码|住址|地址|账号"
)
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")
INVISIBLE = re.compile("[\u200b-\u200d\u2060\ufeff\u00ad]")
TURNED = ("E-BIDI", "标题里有改变书写方向的不可见字符，看到的不是真正的字；请重新打这个标题")
ALIAS = ("W-ALIAS", "用的是别名，按部门表认作同一个部门；请核对")
Fault = tuple[str, str]


@dataclass(frozen=True)
class Target:
    """What a column answers: an item, or one option of a multiple choice."""

    item: str
    option: str = ""


@dataclass(frozen=True)
class Columns:
    """Where everything stands in a file.

    Attributes
    ----------
    items : dict
        Item code to column number.
    options : dict
        Code of a multiple choice that has a column for each option: option code to column number.
    dropped
        How many identifying columns go no further.
    problems
    paradata : dict
        Column of ``clock``, ``duration``, ``address`` where the file has them, for `ingest.quality` alone.
    """

    items: dict[str, int]
    dropped: int
    problems: list[Problem]
    paradata: dict[str, int] = field(default_factory=dict)
    options: dict[str, dict[str, int]] = field(default_factory=dict)


def titles_of(platform: Platform, top: list[list[str]]) -> list[str]:
    """Make one title a column of the lines of a header.

    Where no single line holds the questions, a question spans the blank cells that follow it, and is joined with the row
    that stands below it.
    """
    if platform.titles:
        return top[platform.titles - 1]
    titles, parent = [], ""
    for at, cell in enumerate(top[0]):
        below = [_named(row[at], platform) if at < len(row) else "" for row in top[1:]]
        parent = cell.strip() or (parent if any(below) else "")
        titles.append("—".join(part for part in (parent, *below) if part))
    return titles if len(top) > 1 else list(top[0])


def _named(cell: str, platform: Platform) -> str:
    for noise in platform.noise:
        cell = cell.replace(noise, "")
    return "" if cell.strip() in platform.generic else cell.strip()


def match_columns(
    sheet: Sheet, codebook: Codebook, platform: Platform, given: Mapping[str, Target | None] | None = None
) -> Columns:
    """Find the column of every item.

    Columns are matched by their words, never by their order; a column that matches nothing, or an item without a
    column, is a problem that refuses the file.

    Parameters
    ----------
    sheet, codebook, platform
    given
        By `match_key` of the title, what a person said of a column: a target, or None to leave it out.
    """
    matcher = _Titles(codebook, platform, sheet.header)
    read_once = [*platform.clock, *platform.duration, *platform.address]
    skipped = {match_key(name) for name in [*platform.metadata, *platform.identifiers, *read_once]}
    identifying = {match_key(name) for name in platform.identifiers}
    told = given or {}
    place: dict[Target, int] = {}
    problems = _unseen(sheet)
    dropped = 0
    for column, title in enumerate(sheet.header):
        key = match_key(title)
        if key in skipped and key not in told:
            dropped += key in identifying
            continue
        if key in told and told[key] is None:
            dropped += bool(IDENTIFYING.search(key))
            continue
        target, fault = (told[key], None) if key in told else matcher.find(title)
        if target in place:
            fault = ("E-DUPCOL", f"与单元格 {_cell(sheet, place[target])} 是同一道题；请删去一列")
        if fault:
            problems.append(Problem(*_placed(fault, sheet, column)))
        if target and target not in place:
            place[target] = column
    problems += [
        Problem(*_placed(ALIAS, sheet, place[target])) for target in place if target in matcher.aliased
    ]
    items = {target.item: column for target, column in place.items() if not target.option}
    options: dict[str, dict[str, int]] = {}
    for target, column in place.items():
        if target.option:
            options.setdefault(target.item, {})[target.option] = column
    both = [code for code in options if code in items]
    problems += [
        Problem(
            "E-DUPCOL", sheet.place(None, items[code]),
            "这道多选题既有合在一格的列，又有每个选项一列的列；请删去一种，或在对照表里写明略去哪一种",
        )
        for code in both
    ]  # fmt: skip
    problems += _absent({*items, *options}, sheet, codebook)
    return Columns(items, dropped, problems, _paradata(sheet, platform), options)


def _unseen(sheet: Sheet) -> list[Problem]:
    """Warn of signs in titles that nobody sees."""
    count = sum(bool(INVISIBLE.search(title)) for title in sheet.header)
    said = f"有 {count} 个列标题里夹着看不见的字符，已略去"
    return [Problem("W-INVISIBLE", f"{sheet.file} 表头", said)] if count else []


def _cell(sheet: Sheet, column: int) -> str:
    return sheet.place(None, column).rsplit(" ", 1)[-1]


def _placed(fault: Fault, sheet: Sheet, column: int) -> tuple[str, str, str]:
    return fault[0], sheet.place(None, column), fault[1]


def _paradata(sheet: Sheet, platform: Platform) -> dict[str, int]:
    """Find clock, duration and address: of several columns that would do, the first."""
    names = {"clock": platform.clock, "duration": platform.duration, "address": platform.address}
    header = [match_key(title) for title in sheet.header]
    found = {
        kind: [header.index(match_key(n)) for n in known if match_key(n) in header]
        for kind, known in names.items()
    }
    return {kind: columns[0] for kind, columns in found.items() if columns}


class _Titles:
    """Titles of a codebook, rows of its matrices and options of its multiple choices, under their match keys."""

    def __init__(self, codebook: Codebook, platform: Platform, header: list[str]) -> None:
        self.forms = [_form(form) for form in platform.matrix]
        self.bare = platform.bare
        self.numbered = {
            str(item.number): item.parent or item.code for item in codebook.items.values() if item.number
        }
        self.own = {
            Target(item.code): [match_key(name) for name in _own_names(item, codebook)]
            for item in codebook.items.values()
            if item.department
        }
        self.aliased: set[Target] = set()  # found under a name that only the table of departments knows
        self.opened: dict[
            str, str
        ] = {}  # which question a number stands for, as far as the header has been read
        self.single = {
            match_key(title): item.code
            for item in reversed(codebook.items.values())
            if not item.parent
            for title in reversed(item.titles)
        }
        self.parents: dict[str, str] = {}
        self.rows: dict[str, dict[str, Target]] = {}
        self.names: dict[str, list[str]] = {}
        self.of_departments = {item.parent for item in codebook.items.values() if item.department}
        for item in codebook.items.values():
            if item.parent or item.type == "multi":
                parent = item.parent or item.code
                for title in item.titles:
                    self.parents.setdefault(match_key(title), parent)
                for name, target in _leaves(item, codebook):
                    self.rows.setdefault(parent, {}).setdefault(match_key(name), target)
                    self.names.setdefault(parent, []).append(name)
        self.numbers = self._numbers(header)

    def _numbers(self, header: list[str]) -> dict[str, str]:
        """Find which question a number stands for where columns give nothing else.

        The one that the codebook numbers so, or the only one that has all the rows.
        """
        rows: dict[str, list[str]] = {}
        for title in header:
            for number, parent, row in self._splits(title):
                if number and not parent:
                    rows.setdefault(number, []).append(match_key(row))
        found = {}
        for number, keys in rows.items():
            if number in self.numbered:
                found[number] = self.numbered[number]
                continue
            fit = [parent for parent, known in self.rows.items() if all(key in known for key in keys)]
            if len(fit) == 1:
                found[number] = fit[0]
        return found

    def find(self, title: str) -> tuple[Target | None, Fault | None]:
        """Target of a title, or a fault."""
        if BIDI.search(title):
            return None, TURNED
        numbered = NUMBERED.match(title)
        number, words = (numbered[1], numbered[2]) if numbered else ("", title)
        if match_key(words) in self.single:
            return Target(self.single[match_key(words)]), None
        splits = list(self._splits(title))
        for at, parent, row in splits:
            if parent:
                self.opened[at] = parent
                return self._leaf(parent, row)
        for at, _, row in splits:
            parent = self.opened.get(at) or self.numbers.get(at, "")
            if at and parent:
                return self._leaf(parent, row)
        if number in self.opened:
            return self._leaf(self.opened[number], words)
        if self.bare and not number:
            return self._alone(words)
        return None, PERSONAL if IDENTIFYING.search(match_key(words)) else UNKNOWN

    def _alone(self, words: str) -> tuple[Target | None, Fault | None]:
        """Target of a row that stands without its question."""
        holders = [parent for parent, rows in self.rows.items() if match_key(words) in rows]
        if len(holders) == 1:
            return self._leaf(holders[0], words)
        if IDENTIFYING.search(match_key(words)):
            return None, PERSONAL
        for parent in self.of_departments:
            if difflib.get_close_matches(words, self.names[parent], n=1, cutoff=0.5):
                return self._leaf(parent, words)
        return None, UNKNOWN

    def _splits(self, title: str) -> Iterator[tuple[str, str, str]]:
        """Yield number, question ("" where the title gives none) and row, for every way a title can be taken apart."""
        numbered = NUMBERED.match(title)
        number, words = (numbered[1], numbered[2]) if numbered else ("", title)
        plain = unicodedata.normalize("NFKC", words).strip()
        for pattern, counts in self.forms:
            if counts:
                found = pattern.fullmatch(plain)
                if found:
                    yield found[1], "", found[2]
                continue
            for found in pattern.finditer(plain):
                before, row = plain[: found.start()], (found[1] or plain[found.end() :]).strip()
                parent = self.parents.get(match_key(before), "")
                if parent or not match_key(before):
                    yield number, parent, row

    def _leaf(self, parent: str, row: str) -> tuple[Target | None, Fault | None]:
        target = self.rows[parent].get(match_key(row))
        if target:
            if match_key(row) not in self.own.get(target, [match_key(row)]):
                self.aliased.add(target)
            return target, None
        near = difflib.get_close_matches(row, self.names[parent], n=1, cutoff=0.3)
        hint = f"最接近的是“{near[0]}”" if near else "请对照问卷说明"
        if parent in self.of_departments:
            return None, (
                "E-UNKNOWNDEPT",
                f"不认识的部门名称；{hint}，请改正名称，或把别名加进部门表 departments.csv",
            )
        return None, ("E-UNKNOWNROW", f"问卷说明里没有这个小题；{hint}，请改正名称")


def _form(form: str) -> tuple[re.Pattern[str], bool]:
    """Compile how title and row are written together; whether the title is no more than a number.

    >>> pattern, _ = _form("题(行)")
    >>> pattern.search("打分(税务局)")[1]
    '税务局'
    """
    plain = unicodedata.normalize("NFKC", form)
    start, rest = plain.split("题")
    between, end = rest.split("行")
    if start:  # 第1题(行)
        prefix = re.sub(r"\d+", r"(\\d{1,3})", re.escape(start))
        return re.compile(f"{prefix}题{re.escape(between)}(.*){re.escape(end)}", re.DOTALL), True
    if end:  # brackets: the last pair
        inside = f"[^{re.escape(between)}{re.escape(end)}]*"
        nested = f"{re.escape(between)}{inside}{re.escape(end)}"
        return re.compile(f"{re.escape(between)}({inside}(?:{nested}{inside})?){re.escape(end)}$"), False
    return re.compile(f"(?:{re.escape(between)})+()"), False


def _leaves(item: Item, codebook: Codebook) -> Iterator[tuple[str, Target]]:
    """Yield every name of the row that an item is, or of the options it has."""
    if item.parent:
        for name in filter(match_key, _row_names(item, codebook)):
            yield name, Target(item.code)
    else:
        for code, label in item.options.items():
            yield label, Target(item.code, code)
        for spelling, code in item.aliases.items():
            yield spelling, Target(item.code, code)


def _row_names(item: Item, codebook: Codebook) -> list[str]:
    if not item.department:
        return [item.row]
    row = codebook.departments[codebook.departments["code"] == item.department].iloc[0]
    return [item.row, row["short"], row["official"], *row["aliases"].split(";")]


def _own_names(item: Item, codebook: Codebook) -> list[str]:
    """Names of a department that need no remark: the one printed; where that is the short one, also the official."""
    row = codebook.departments[codebook.departments["code"] == item.department].iloc[0]
    return [item.row, row["official"]] if item.row == row["short"] else [item.row]


def _absent(found: set[str], sheet: Sheet, codebook: Codebook) -> list[Problem]:
    fed = {item.other for item in codebook.items.values() if item.other}
    missing = [
        i for i in codebook.items.values() if i.code not in found and i.code not in fed and not i.optional
    ]
    return [
        Problem(
            "E-NOCOL",
            f"{sheet.file} 表头",
            f"缺少题目“{_full_title(item)}”这一列；请导出全部题目，或在问卷说明里删去它",
        )
        for item in missing
    ]


def _full_title(item: Item) -> str:
    return f"{item.title}—{item.row}" if item.parent else item.title
