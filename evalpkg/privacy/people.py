"""People: surname with a title, a name behind 联系人 or 我叫, 王某, 小刘, full names, foreign names."""

from __future__ import annotations

import re
from collections.abc import Iterator

import rjieba

from . import vocabulary as v

Finding = tuple[int, int, str]

_SURNAME = rf"(?:{'|'.join(sorted(v.COMPOUND_SURNAMES))}|[{''.join(sorted(v.SURNAMES))}])"
_TITLE = "|".join(sorted(v.TITLES, key=len, reverse=True))
_HAN = r"[一-鿿]"
_NOUN_TAIL = r"(?![人厂地资种伤会商期业信艺头作程序][^,。;]?)"

_TITLED = re.compile(
    rf"(?={_SURNAME}{_HAN}{{0,2}}(?:{_TITLE}))(?P<surname>{_SURNAME})(?P<given>{_HAN}{{0,2}}?)"
    rf"(?P<title>{_TITLE})"
)
# Short titles are also parts of ordinary words (总结, 工资, 局部): what may not follow them.
_NOT_AFTER = {
    "总": "结量额体共部数产值之算计价局站台署裁成收支理会监经书工",
    "工": "人厂地资种伤会商期业信艺头作程序商夫具分时",
    "局": "面势部域限长里",
    "处": "理罚于在长分置境方境",
    "科": "技学研目长员",
    "书": "面记籍本店",
    "导": "致向航游",
    "哥": "们",
    "叔": "",
    "某": "些种个月年日一",
    "主任": "务",
    "所": "以有需谓在说做属得用能",
    "队": "伍员里",
    "院": "子落校内里",
    "代表": "性团作",
    "会计": "师准制科",
    "干部": "队",
}
_SHORT_TITLES_NEED_COMMON = frozenset(
    ("总 工 局 处 科 所 队 院 书 导 帅 哥 姐 嫂 婶 叔 代表 委员 干部 会长 组长 班长").split()
)
# Surnames that are prepositions and auxiliaries first.
_PREPOSITIONS = frozenset("向时应任解强单包管车")
_BEFORE_WORD = {"施": "工", "职": "工", "员": "工"}

_LEAD = re.compile(
    rf"(?P<lead>{'|'.join(sorted(v.LEADS, key=len, reverse=True))})(?:(?:是|为|叫|:|,|\s|\(|"
    rf"[“\"'‘])){{0,3}}(?={_SURNAME}{_HAN})"
)
_STATED = re.compile(
    rf"(?:{'|'.join(sorted(v.STRONG_LEADS, key=len, reverse=True))})(?:是|为|叫|:|"
    rf"\s)+(?P<name>{_HAN}{{2,4}})(?!{_HAN})"
)
_SOMEBODY = re.compile(rf"(?P<name>(?:{_SURNAME})(?:某某?|[xX×*＊○〇]{{1,2}}(?![A-Za-z0-9])))")
_FAMILIAR = re.compile(
    (rf"(?P<name>[小老阿][{''.join(sorted(v.COMMON_SURNAMES))}])(?=(?P<next>.?))"), re.DOTALL
)
_BEHIND_NUMBER = re.compile(
    rf"(?P<name>{_SURNAME}{_HAN}{{1,2}})[\s,、:(]{{0,3}}(?:(?:的|联系)?(?:电话|手机|联系方式|微信|"
    rf"身份证|tel)(?:号码?|是|为|[:\s,(])*(?=[\d+])|(?=\+?1[3-9]\d[ -]?\d{{4}})|[男女](?![一-鿿]))",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    rf"(?:(?<=[,。;!?、:\n\x00( ])|^)(?:由|找|和|与|跟|叫|是|给|向|让|被|"
    rf"问)?(?P<name>{_SURNAME}{_HAN}{{1,2}})"
)
_ETHNIC = re.compile(r"[阿艾买麦吐古迪热木玛帕哈努库依伊沙卡巴达扎格桑旺][一-鿿]{1,5}[·•][一-鿿]{2,6}")
_ENGLISH = re.compile(
    r"(?<![A-Za-z0-9@._-])[A-Z][A-Za-z]{1,14}(?:[ .·-]{1,2}[A-Z][A-Za-z]{0,14}){1,2}(?![A-Za-z0-9@_])"
)
_ENGLISH_CALLED = re.compile(
    r"(?<![A-Za-z0-9])[A-Z][a-z]{1,14} ?(?=先生|女士|小姐|太太|经理|老师|博士|教授|总[监裁]?)"
)
_ENGLISH_TITLE = re.compile(
    (
        r"(?<![A-Za-z])(?:mr|mrs|ms|miss|dr)\.? ?[A-Z][a-z]{1,14}|(?:my name is|this is|contact|i am|i'm|"
        r"ask for) (?P<name>[A-Z][a-z]{1,14}(?: [A-Z][a-z]{1,14})?)(?![a-z])"
    ),
    re.IGNORECASE,
)


def find(text: str) -> Iterator[Finding]:
    """Find people in levelled text as (start, end, kind); the title belongs to the person.

    >>> sorted(set(find("向赵局长反映,联系人:段红梅")))
    [(1, 4, 'PERSON'), (11, 14, 'PERSON')]
    """
    for finder in (_titled, _led, _somebody, _bare, _foreign):
        for start, end in finder(text):
            yield start, end, "PERSON"


def _titled(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    while match := _TITLED.search(text, at):
        good = _is_titled(match, text)
        if good:
            yield match.span()
        at = match.end() if good else match.start() + 1


def _is_titled(match: re.Match[str], text: str) -> bool:
    surname, given, title = match["surname"], match["given"], match["title"]
    follower, before = text[match.end() : match.end() + 1], text[max(0, match.start() - 1) : match.start()]
    if follower and follower in _NOT_AFTER.get(title, ""):
        return False
    if given:
        if len(title) == 1 or surname in _PREPOSITIONS:
            return False
        return _given_ok(given) and not _verbal(given) and not _ordinary(surname + given, text, match.start())
    if title in _SHORT_TITLES_NEED_COMMON and surname not in v.COMMON_SURNAMES:
        return False
    if title == "工" and surname in _BEFORE_WORD:
        return False
    return not _inside_word(before + surname, title) and (
        surname not in v.NOT_BEFORE_TITLE or _opens_clause(text, match.start(), surname)
    )


def _verbal(given: str) -> bool:
    """Tell whether two given characters are an ordinary word of which one is unusual in names (管理, 张贴)."""
    return len(given) == 2 and rjieba.has_word(given) and not all(c in v.GIVEN for c in given)


def _inside_word(pair: str, title: str) -> bool:
    """Tell whether the surname is the tail of a word, as 方 in 对方经理."""
    return (
        len(pair) == 2
        and pair not in v.COMPOUND_SURNAMES
        and rjieba.has_word(pair)
        and "一" <= pair[0] <= "鿿"
        and not (len(title) > 1 and pair[0] in "找和与跟向对给让被由的")
    )


def _opens_clause(text: str, start: int, surname: str) -> bool:
    """Tell whether an ambiguous surname opens a clause; prepositions never count."""
    return surname not in _PREPOSITIONS and (start == 0 or text[start - 1] in ",。;!?、:\n\x00( ")


def _led(text: str) -> Iterator[tuple[int, int]]:
    for match in _LEAD.finditer(text):
        lead = match["lead"]
        if len(lead) == 1 and rjieba.has_word(lead + text[match.end()]):
            continue
        end = _name_end(text, match.end(), strict=lead not in v.STRONG_LEADS, weak=lead in v.WEAK_LEADS)
        if end:
            yield match.end(), end
    for match in _STATED.finditer(text):
        if not _noun(match["name"]):
            yield match.span("name")


def _name_end(text: str, start: int, *, strict: bool, weak: bool) -> int:
    """Find where a name that starts at `start` ends; 0 if what stands there is no name.

    `strict`: given characters must be usual ones. `weak`: the cue is an ordinary verb (找), so the name must also be
    framed.
    """
    given = start + (2 if text[start : start + 2] in v.COMPOUND_SURNAMES else 1)
    for end in (given + 2, given + 1):
        name = text[given:end]
        if len(name) < end - given or not _given_ok(name) or _ordinary(text[start:end], text, start):
            continue
        usual = all(c in v.GIVEN for c in name)
        if (
            (usual or not strict)
            and _ends_here(text, end, len(name), usual)
            and not (weak and not _safe(text, start, end))
        ):
            return end
    return 0


def _safe(text: str, start: int, end: int) -> bool:
    """Behind an everyday word a name needs a frequent surname and two given characters, or a clear end."""
    if text[end : end + 2] in ("大道", "路口") or text[end : end + 1] in tuple("路街村镇湖桥"):
        return False
    if end - start > 2:
        return text[start] in v.COMMON_SURNAMES or _framed(text, end)
    return _framed(text, end) and not rjieba.has_word(text[start:end])


def _ends_here(text: str, end: int, size: int, usual: bool) -> bool:
    """Tell whether a name may end at `end`: not inside a word that begins with its last character (周正|拖着)."""
    if size == 2:
        return usual or not (
            text[end - 1] in v.AFTER_NAME
            or (_han(text[end : end + 1]) and rjieba.has_word(text[end - 1 : end + 1]))
        )
    return usual or _framed(text, end)


def _framed(text: str, end: int) -> bool:
    """Tell whether what follows can begin the rest of the sentence rather than finish a word (方明|显)."""
    follower = text[end : end + 1]
    if not _han(follower) or follower in v.AFTER_NAME:
        return True
    return follower not in v.GIVEN and not rjieba.has_word(text[end - 1 : end + 1])


def _somebody(text: str) -> Iterator[tuple[int, int]]:
    for match in _SOMEBODY.finditer(text):
        if "某" in match[0] and text[match.end() : match.end() + 1] in tuple("些种个月年日一"):
            continue
        yield match.span("name")
    for match in _FAMILIAR.finditer(text):
        if _is_familiar(match, text):
            yield match.span("name")


def _is_familiar(match: re.Match[str], text: str) -> bool:
    """小刘, 老李: not a word of its own (小康), nor the head or tail of longer ones (大小, 老周期, 小马上)."""
    name, follower = match["name"], match["next"]
    before = text[max(0, match.start() - 1) : match.start()]
    if _han(before) and rjieba.has_word(before + name[0]):
        return False
    known = name[0] == "小" and rjieba.has_word(name) and rjieba.tag(name)[0][1] not in ("nr", "nrt", "nrfg")
    longer = (
        _han(follower)
        and (rjieba.has_word(name[1] + follower) or rjieba.has_word(name + follower))
        and follower not in v.AFTER_NAME
    )
    return not known and not longer and follower not in tuple("村庄镇沟店寨桥")


def _bare(text: str) -> Iterator[tuple[int, int]]:
    """Full names without a cue: before a number, or three usual characters that open a clause."""
    for match in _BEHIND_NUMBER.finditer(text):
        if _given_ok(match["name"][1:]) and not _ordinary(match["name"], text, match.start()):
            yield match.span("name")
    for match in _CLAUSE.finditer(text):
        start, end = match.span("name")
        if _full_name(match["name"], text, start) and _alone(text, start, end):
            yield start, end


def _full_name(name: str, text: str, start: int) -> bool:
    """Judge three characters that open a clause: a surname and two that are usual in names, no ordinary word."""
    given = name[1:]
    usual = len(name) >= 3 and all(c in v.GIVEN for c in given) and name[-1] not in "和之以若为自湖江河山川"
    return usual and given not in v.PLACES and not _noun(given) and not _ordinary(name, text, start)


def _alone(text: str, start: int, end: int) -> bool:
    """Ask the segmenter whether the three characters are words of their own."""
    tokens, at = set(), 0
    window = text[start : end + 6]
    for word in rjieba.cut(window):
        at += len(word)
        tokens.add(at)
    follower = text[end : end + 1]
    return end - start in tokens and (
        not _han(follower) or follower in v.AFTER_NAME or rjieba.has_word(text[end : end + 2])
    )


def _foreign(text: str) -> Iterator[tuple[int, int]]:
    for match in _ETHNIC.finditer(text):
        yield match.span()
    for match in _ENGLISH.finditer(text):
        parts = re.findall(r"[a-z]+", match[0].lower())
        if parts[0] in v.ENGLISH_NAMES or parts[-1] in v.ENGLISH_NAMES or set(parts) & v.PINYIN_SURNAMES:
            yield match.span()
    for match in _ENGLISH_CALLED.finditer(text):
        yield match.span()
    for match in _ENGLISH_TITLE.finditer(text):
        group = "name" if match["name"] else 0
        if match[group].split()[0].lower() not in ("the", "us", "a", "not", "very", "your", "our", "very"):
            yield match.span(group)


def _given_ok(given: str) -> bool:
    joined = given[0] == "和" and given[1:] in v.SURNAMES  # 王和肖警官: two people
    return not joined and all(_han(c) and c not in v.NOT_GIVEN for c in given)


def _ordinary(word: str, text: str, start: int) -> bool:
    """Tell whether the candidate, a longer word that begins there, or its head is an ordinary dictionary word."""
    if word[:2] in v.COMPOUND_SURNAMES:
        return False
    longer = text[start : start + len(word) + 1]
    head = len(word) > 2 and _noun(word[:2])
    return head or any(_common(w) for w in (word, longer))


def _common(word: str) -> bool:
    known = rjieba.has_word(word) and rjieba.tag(word)[0][1] not in ("nr", "nrt", "nrfg")
    return known or word in v.PLACES or word[-1:] in "区县市镇乡村路街"


def _noun(word: str) -> bool:
    """Tell whether a dictionary word is no proper name."""
    return rjieba.has_word(word) and rjieba.tag(word)[0][1] not in ("nr", "nrt", "nrfg", "nz", "ns", "t")


def _han(char: str) -> bool:
    return "一" <= char <= "鿿"
