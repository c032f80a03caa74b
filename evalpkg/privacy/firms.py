"""Firms and shops: a house name before a legal form (…有限公司, …厂), 孙记牛肉汤店, names after 企业名称."""

from __future__ import annotations

import re
from collections.abc import Iterator

import rjieba

from . import vocabulary as v

Finding = tuple[int, int, str]

# A Chinese character that may stand in a name.
_H = rf"(?:(?![{''.join(sorted(v.NOT_BRAND))}])[一-鿿])"
_FORM = re.compile(f"(?:{'|'.join(sorted(v.LEGAL_FORMS, key=len, reverse=True))})+")
_LEGAL = re.compile(r"(?:有限|股份|集团公司|合作社|合作联社|合伙|事务所)")
_FOOD = (
    "面馆|烩面馆|饭店|饭馆|汤馆|牛肉汤|羊肉汤|驴肉汤|豆腐汤|不翻汤|烩面|拉面|刀削面|砂锅面|砂锅|米线|凉皮|面庄|豆腐坊|油坊|酒坊|"
    "酒楼|烧鸡|烤鸭|卤肉|熟食|火锅|烧烤|菜馆|小吃|包子|饺子|早餐|糕点|馍|水席|药铺|诊所|超市|商店|商行|理发|裁缝|铺|店|馆|坊|摊|庄"
)
_SURNAME = f"(?:{'|'.join(sorted(v.COMPOUND_SURNAMES))}|[{''.join(sorted(v.SURNAMES))}])"
_FAMILY = re.compile(
    rf"(?<![十百千多数几])(?P<name>(?:老?{_SURNAME}(?:记|家|氏)|{_H}{{1,2}}记)(?:{_H}{{0,6}}?(?:{_FOOD}))+(?:总店|分店|店|馆|铺|坊|行)?)"
)
_NO_FAMILY = re.compile(r".?(?:[国大厂商店独自人公皇]家|登记|书记|日记|笔记|标记|代记|忘记|速记)")
_OLD = re.compile(
    rf"(?P<name>老[{''.join(sorted(v.COMMON_SURNAMES))}]{_H}{{0,4}}?(?:饭庄|饭店|面馆|汤馆|烩面|牛肉汤|羊肉汤|豆腐坊|"
    r"超市|商店|店|馆|坊|庄))"
)
_FIELD = re.compile(
    r"(?:企业名称|公司名称|单位名称|企业全称|公司全称|店名|字号|厂名|商号|门店名称?|店铺名称?|公司叫|"
    r"店叫|厂叫|企业叫)(?:是|为|叫|[:\s“\"'‘])*(?P<name>[^,。;!?:\n\x00”\"'’)]{2,30})"
)
_QUOTED = re.compile(
    r"[“\"「『《‘'](?P<name>[^“”\"「」『』《》‘’',。;!?\n\x00]{2,15})[”\"」』》’'](?:这个|这家|"
    r"的)?(?:公司|店|厂|门店|品牌|超市|饭店|酒店|企业|商标|牌)"
)
_WEAK = re.compile("|".join(sorted((w for w in v.INDUSTRIES if len(w) > 1), key=len, reverse=True)))
_TRADE_BEHIND = re.compile(
    r"行业|企业|公司|价格|市场|方面|类|产品|设备|材料|厂|店|工程|项目|业|制造|标准|要求|成本|局|办|协会|"
    r"商会|园|城|费|部|难|贵|专业|领域|系统|平台|服务|原料"
)
_ROLE = re.compile(rf"(?:{'|'.join(sorted(v.ROLE_WORDS, key=len, reverse=True))})+$")
_PLACE = "|".join(sorted(v.PLACES, key=len, reverse=True))
_TOWN = rf"{_H}{{1,3}}?(?:镇|乡|村|县|市|街道|社区|新区|开发区|工业园区?|产业园)"
_PLACE_BEFORE = re.compile(rf"(?:(?:{_PLACE})[市区县]?)+$")
_PLACES_BEFORE = re.compile(rf"(?:(?:{_PLACE})[市区县]?)*(?:{_TOWN}){{0,2}}$")
_TOWN_BEFORE = re.compile(rf"{_TOWN}$")
_VERB_BEFORE = re.compile(
    rf"(?:{'|'.join(sorted((*v.ROLE_WORDS, *v.VERBS_BEFORE), key=len, reverse=True))})+"
)
_LONGEST_BRAND = 6


def find(text: str) -> Iterator[Finding]:
    """Find firms and shops in levelled text as (start, end, kind).

    Generic mentions (物业公司, 我们厂) and public utilities are none.

    >>> sorted(find("供货方三和建材欠款,供电公司不管,宏发机械厂"))
    [(3, 7, 'COMPANY'), (17, 22, 'COMPANY')]
    """
    for finder in (_formal, _family, _stated, _traded):
        for start, end in finder(text):
            if not any(word in text[start:end] for word in v.PUBLIC):
                yield start, end, "COMPANY"


def _formal(text: str) -> Iterator[tuple[int, int]]:
    floor = 0
    for match in _FORM.finditer(text):
        if _part_of_word(text, match):
            continue
        start = _name_start(text, floor, match)
        if start < match.start():
            yield start, match.end()
            floor = match.end()


def _part_of_word(text: str, form: re.Match[str]) -> bool:
    """Tell whether a form of one character is just the head of a word (矿业, 行政, 园林)."""
    word = text[form.start() : form.start() + 2]
    return len(form[0]) == 1 and (
        word in v.INDUSTRIES or (form[0] in v.LOOSE_FORMS and rjieba.has_word(word))
    )


def _name_start(text: str, floor: int, form: re.Match[str]) -> int:
    """Walk left from the legal form over trade words to the house name and the place before it.

    Returns the start of the form itself when no house name is there.
    """
    floor = max(floor, form.start() - 24)
    if _LEGAL.search(form[0]):
        return _full_name_start(text, floor, form.start())
    trade = _skip_words(text, floor, form.start(), v.INDUSTRIES)
    brand = _brand_start(text, floor, trade)
    if brand < trade and _is_brand(text, brand, trade, form[0] in v.LOOSE_FORMS):
        return _with_place(text, floor, brand)
    place = _with_place(text, floor, trade)
    # 江苏建工集团: the place serves as house name.
    return place if form[0] in ("集团", "总厂", "总公司") and place < trade < form.start() else form.start()


def _full_name_start(text: str, floor: int, end: int) -> int:
    """Take a registered name (…有限公司), which may hold any word, back to the function word before it."""
    start = end
    while start > floor and _han_or_letter(text[start - 1]) and text[start - 1] not in v.BEFORE_FULL_NAME:
        start -= 1
    place = min((at for name in v.PLACES if (at := text.find(name, start, end)) >= 0), default=start)
    verb = _VERB_BEFORE.match(text, start, end)
    start = max(place, verb.end() if verb else start)
    return end if _generic(text[start:end]) else start


def _skip_words(text: str, floor: int, end: int, words: frozenset[str]) -> int:
    """Step left over words of a list, longest first."""
    while size := next((n for n in range(6, 0, -1) if end - n >= floor and text[end - n : end] in words), 0):
        end -= size
    return end


def _brand_start(text: str, floor: int, end: int) -> int:
    """Step left over the characters that can make up a house name."""
    start = end
    while (
        start > floor
        and end - start < _LONGEST_BRAND
        and _han_or_letter(text[start - 1])
        and text[start - 1] not in v.NOT_BRAND
    ):
        if start < end and (_closes(text, floor, start) or text[start - 1] == "来"):
            break
        start -= 1
    return start


def _closes(text: str, floor: int, at: int) -> bool:
    """Tell whether a place, a role or another ordinary word ends at `at`, so that the house name begins there."""
    before = text[max(floor, at - 8) : at]
    if _PLACE_BEFORE.search(before) or _ROLE.search(before) or _TOWN_BEFORE.search(before):
        return True
    return any(
        rjieba.has_word(before[-n:]) and not _brandlike(before[-n:]) for n in (4, 3, 2) if len(before) >= n
    )


def _is_brand(text: str, start: int, end: int, loose: bool) -> bool:
    """Judge the characters between an ordinary word and the trade: a house name, or just a description."""
    name = text[start:end]
    if len(name) < 2 or name in v.PLACES or _generic(name):
        return False
    if name in v.BRAND_WORDS or re.search(r"[A-Za-z]", name):
        return not name.isascii()
    placed = bool(_PLACE_BEFORE.search(text[max(0, start - 8) : start]))
    if rjieba.has_word(name) and not _brandlike(name) and not placed:
        return False
    usual = sum(c in v.BRAND_CHARS or c in v.GIVEN or _rare(c) for c in name)
    framed = not loose and _opens(text, start)
    return usual >= (len(name) if loose else len(name) // 2 if framed else max(2, len(name) - 1)) and len(
        name
    ) <= (6 if framed else 4)


def _opens(text: str, start: int) -> bool:
    """Tell whether a clause, or the name of a place, ends right before `start`."""
    before = text[max(0, start - 8) : start]
    return (
        not before
        or before[-1] in ",。;!?、:\n\x00( “("
        or bool(_PLACE_BEFORE.search(before) or _ROLE.search(before) or re.search(r"[镇乡村]$", before))
    )


def _generic(name: str) -> bool:
    """Tell whether a word is made of generic words only."""
    return _skip_words(name, 0, len(name), v.GENERIC | v.INDUSTRIES) == 0


def _brandlike(word: str) -> bool:
    """Tell whether a dictionary word is a proper name, or made of characters that mostly serve in names."""
    return (
        word in v.BRAND_WORDS
        or all(c in v.BRAND_CHARS for c in word)
        or rjieba.tag(word)[0] in ((word, "nz"), (word, "nr"), (word, "nrt"))
    )


def _proper(word: str) -> bool:
    return (
        word in v.BRAND_WORDS
        or not rjieba.has_word(word)
        or rjieba.tag(word)[0][1] in ("nz", "nr", "nrt", "nrfg")
    )


def _rare(char: str) -> bool:
    """Characters of the second level of GB 2312 (鑫, 焱, 雒) hardly occur outside names."""
    return char.encode("gb2312", "replace") >= b"\xd8"


def _with_place(text: str, floor: int, start: int) -> int:
    """Take the places before a house name into it."""
    base = max(floor, start - 16)
    place = _PLACES_BEFORE.search(text[base:start])
    return base + place.start() if place else start


def _family(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_FAMILY, _OLD):
        for match in pattern.finditer(text):
            if not _NO_FAMILY.match(match[0]) and not (pattern is _OLD and rjieba.has_word(match[0][1:3])):
                yield _with_place(text, max(0, match.start() - 12), match.start()), match.end()


def _stated(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_FIELD, _QUOTED):
        for match in pattern.finditer(text):
            if not _generic(match["name"]) and not re.search(
                (r"变更|登记|核准|不|审批|重名|被|要求|必须|太"), match["name"]
            ):
                yield match.span("name")


def _traded(text: str) -> Iterator[tuple[int, int]]:
    """Names without a legal form, 三和建材: only an unknown house name, framed by role or clause and no trade word behind."""
    for match in _WEAK.finditer(text):
        behind = text[match.end() : match.end() + 2]
        brand = _brand_start(text, max(0, match.start() - 10), match.start())
        name = text[brand : match.start()]
        if not 2 <= len(name) <= 3 or _TRADE_BEHIND.match(behind) or _WEAK.match(text, match.end()):
            continue
        if (
            _opens(text, brand)
            and all(c in v.BRAND_CHARS for c in name)
            and not _generic(name)
            and _proper(name)
        ):
            yield _with_place(text, max(0, brand - 12), brand), match.end()


def _han_or_letter(char: str) -> bool:
    return "一" <= char <= "鿿" or (char.isascii() and char.isalpha())
