"""Text as the finders see it: width, script and invisible characters levelled, every position traced back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

# What stands for a mask in the view: no pattern accepts it, so it is a wall like the start of the text.
WALL = "\x00"

_MASK = re.compile(
    r"【(?:电话|身份证|信用代码|银行卡|证照号|邮箱|QQ|微信|账号|网址|IP|车牌|地址|姓名|单位)】"
)
# Only what names, firms, addresses and their cue words need.
_SIMPLE = str.maketrans(
    "張陳劉黃楊趙吳孫馬許鄭馮鄧葉蔣蘇盧賈閻薛範鐘譚龍陸韋鄒湯錢嚴龔賴覃顧歐陽東門賓館飯廠場電話號碼機聯繫"
    "請來說長總經師傅醫員縣區鎮鄉莊樓層單開戶證賬帳銀農業車牌駕駛護國際實豐興隆華寶鴻順達潤麗飛鵬強"
    "偉軍紅蘭鳳",
    "张陈刘黄杨赵吴孙马许郑冯邓叶蒋苏卢贾阎薛范钟谭龙陆韦邹汤钱严龚赖覃顾欧阳东门宾馆饭厂场电话号码机联系"
    "请来说长总经师傅医员县区镇乡庄楼层单开户证账账银农业车牌驾驶护国际实丰兴隆华宝鸿顺达润丽飞鹏强"
    "伟军红兰凤",
)


@dataclass(frozen=True)
class View:
    """Levelled text and, for every character of it, the position it came from."""

    text: str
    positions: Sequence[int]

    def origin(self, index: int) -> int:
        """Position in the original of a character of the view."""
        return self.positions[index]

    def origin_end(self, end: int) -> int:
        """Position in the original just behind the span that ends at `end` in the view."""
        return self.positions[end - 1] + 1


def view(text: str, masked: Sequence[tuple[int, int, str]] = ()) -> View:
    r"""Level a text; masks in it and the `masked` spans become walls.

    >>> view("１３８\u200b０").text
    '1380'
    """
    walls = sorted(
        [*(match.span() for match in _MASK.finditer(text)), *((start, end) for start, end, _ in masked)]
    )
    chars, positions, at = [], [], 0
    for start, end in [*walls, (len(text), len(text))]:
        for i in range(at, start):
            level = _level(text[i])
            chars.append(level)
            positions += [i] * len(level)
        if end > start:
            # One wall whatever the length of what it hides: then the masked text has the same view.
            chars.append(WALL)
            positions.append(start)
        at = end
    return View("".join(chars), positions)


@lru_cache(maxsize=16_384)
def _level(char: str) -> str:
    if char in "\n\r\u2028\u2029":
        return "\n"
    if char.isspace():
        return " "
    plain = unicodedata.normalize("NFKC", char).translate(_SIMPLE)
    level = "".join(_digit(c) for c in plain if not _invisible(c))
    # A circled digit is the head of a list item or part of a disguised number: spaces serve both.
    return f" {level} " if level.isdigit() and not char.isdecimal() else level


def _invisible(char: str) -> bool:
    category = unicodedata.category(char)
    return category in ("Cc", "Cf", "Cs") or category in ("Mn", "Me")


def _digit(char: str) -> str:
    """Turn any decimal digit, of whatever script, into ASCII, and any dash into one dash."""
    if unicodedata.category(char) == "Pd" or char in "−─━﹘ー":
        return "-"
    value = unicodedata.digit(char, None)
    return char if value is None else str(value)
