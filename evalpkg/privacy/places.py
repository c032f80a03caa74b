"""Addresses: a street with a house number, a crossing with a corner, a building with a room, a village group."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .vocabulary import NOT_GIVEN, PLACES

Finding = tuple[int, int, str]

_N = r"(?:[0-9A-Za-z]{1,5}(?:-[0-9]{1,4})?|[零〇一二两三四五六七八九十百]{1,5})"
_INSIDE = (
    rf"(?:[ ,]?(?:(?:附|甲|乙|院内|院|内|临街|沿街|东侧|西侧|南侧|北侧|对面)|{_N} ?(?:号楼|号院|"
    rf"号门面|号商铺|号铺|号|栋|幢|座|楼|层|单元|室|排|门|铺|房|户)"
    rf"|[A-Za-z]座|(?:[一-鿿]{{2,6}}(?:大厦|广场|花园|小区|家园|公寓|商城|市场|写字楼|产业园|科技园|"
    rf"创业园|孵化园|工业园|新城|家属院))|负[一二三1-3]层|(?<=[栋幢座楼层元]){_N}(?![0-9A-Za-z])))"
)
_STREET = r"(?:大道|大街|路|街|巷|胡同|道|弄|国道|省道|环路|东路|西路)"
_NUMBERED = re.compile(
    rf"{_STREET}(?:[东西南北中]?段)?[ ]?(?:与[^,。;]{{1,8}}{_STREET}(?:交叉口|交汇处|"
    rf"口))?(?<![0-9]){_N}[ ]?(?:号|弄){_INSIDE}{{0,8}}"
)
_CORNER = re.compile(
    rf"{_STREET}(?:与|和|、|-)?[一-鿿]{{0,8}}?(?:交叉口|交汇处|交会处|十字路口|路口|"
    rf"口)(?:往?[东西南北]{{1,2}}[角侧边面]?(?:约|方向|走)?(?:[0-9一二两三四五六七八九十百]{{1,5}}"
    rf"(?:米|m))?(?:路[东西南北])?|附近|旁边?|对面)(?<!口){_INSIDE}{{0,8}}"
)
_BUILDING = re.compile(
    rf"(?:小区|花园|家园|广场|大厦|公寓|新城|商贸城|建材城|商城|市场|写字楼|产业园|科技园|工业园|"
    rf"创业园|孵化园|物流园|家属院|社区|苑|府|城|园区)[ ]?{_N}[ ]?(?:号楼|号院|号|栋|幢|座|单元|区|"
    rf"(?<=[0-9])-[0-9]{{1,4}}(?:-[0-9]{{1,4}})?(?![0-9])){_INSIDE}{{0,8}}"
)
_VILLAGE = re.compile(rf"(?:村|庄|屯|寨|沟|组)[ ]?(?:第?{_N}[ ]?(?:组|队|号)(?!长)){_INSIDE}{{0,6}}")
_FIELD = re.compile(
    r"(?:地址|住址|门牌号?|店址|厂址|所在地)(?:是|在|为|[:\s])+(?P<place>[^,。;!?\n\x00]{4,50})"
)
_HOME = re.compile(
    r"(?:家住|住在|老家在|家在|现住|居住在)(?P<place>[^,。;!?\n\x00的]{2,24}?(?:村|庄|屯|寨|小区|花园|"
    r"家园|家属院|公寓|社区)(?:[0-9一二三四五六七八九十]{1,3}组)?)"
)
_CONCRETE = re.compile(
    r"[0-9]|[一二三四五六七八九十]+(?:号|栋|楼|组|室|单元)|(?:村|庄|屯|大厦|小区|花园|家属院)|(?:路|街|"
    r"道|巷)(?:与|和)?.{0,6}(?:口|角|米|侧|旁|对面)"
)
_STOP = NOT_GIVEN - frozenset(
    "某区县市省镇乡村路街巷号一二三四五六七八九十上下东西南北开关进第办万百千家会组部站厂店本太日月元共应"
    "时年越将总均门"
)
_FRONT = re.compile(
    r"^(?:家|店|厂|公司|门口|地址|地点|租|老家|自家|房子|门店|仓库|住|家住|位于|坐落|是|为|举报|投诉|"
    r"反映|拆除|咨询|请求|解决|关于|导)+"
)


def find(text: str) -> Iterator[Finding]:
    """Find addresses in levelled text as (start, end, kind); a street alone, or a town, is none.

    >>> list(find("在西工区纱厂南路18号3栋"))
    [(1, 13, 'ADDRESS')]
    """
    for pattern in (_NUMBERED, _CORNER, _BUILDING, _VILLAGE):
        for match in pattern.finditer(text):
            start = _left(text, match.start())
            if start < match.start():
                yield start, match.end(), "ADDRESS"
    for pattern in (_FIELD, _HOME):
        for match in pattern.finditer(text):
            if _CONCRETE.search(match["place"]):
                yield match.start("place"), match.end("place"), "ADDRESS"


def _left(text: str, anchor: int) -> int:
    """Walk left from the word for street or building to where the address begins."""
    start = anchor
    while start > 0 and anchor - start < 30 and _in_place(text[start - 1]):
        start -= 1
    known = [at for place in PLACES if (at := text.find(place, start, anchor)) >= 0]
    if known:
        return min(known)
    front = _FRONT.match(text[start:anchor])
    return start + front.end() if front and start + front.end() < anchor else start


def _in_place(char: str) -> bool:
    return ("一" <= char <= "鿿" and char not in _STOP) or (char.isascii() and char.isalnum())
