"""Numbers that identify: telephones, ID cards, credit codes, bank cards, licences and number plates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

Finding = tuple[int, int, str]

# What people put between the digits of one number.
_GAP = r"[ \-.·•—_/,、*~()]{0,3}"
_D = r"[0-9零〇○一二两三四五六七八九幺壹贰叁肆伍陆柒捌玖Oo]"
_VALUE = dict(
    zip(("零〇○一二两三四五六七八九幺壹贰叁肆伍陆柒捌玖Oo"), "0001223456789112345678900", strict=False)
)

_MOBILE = re.compile(
    rf"(?<![0-9])(?:\(?\+?(?:00)?86\)?{_GAP})?(?P<number>[1一幺壹]{_GAP}[3-9三四五六七八九叁肆伍陆柒"
    rf"捌玖](?:{_GAP}{_D}){{9}})(?![0-9])"
)
_DIAL = re.compile(r"(?:tel|phone|mobile|mob|call|vx|wx|qq|v|wechat|t|m)$", re.IGNORECASE)
_HALF_MASKED = re.compile(r"(?<!\d)1[3-9]\d[ -]?[*xX•#]{3,6}[ -]?\d{3,4}(?!\d)")
_LANDLINE = re.compile(
    r"(?<![\d.])\(?(?:\+?(?:00)?86[ -]{0,2})?\(?(?:0(?:10|2\d|[3-9]\d{2})|(?<=86)[1-9]\d{1,2}|"
    r"(?<=[ -])(?<=86.)[1-9]\d{1,2})\)?"
    r"[ \-.·—_/)(]{0,3}\d{3,4}[ \-.·—_]{0,3}\d{4}(?!\d)"
)
_LOCAL = re.compile(
    r"(?:电话|座机|固话|固定电话|传真|致电|来电|回电|拨打|联系方式|分机|tel|phone|fax)(?:号码?|是|为|:|\s|,)*"
    r"(?P<number>[2-8]\d{2,3}[ \-.·—_]{0,2}\d{4})(?!\d)",
    re.IGNORECASE,
)
_SERVICE = re.compile(r"(?<![\d.])[48]00(?:[ -]?\d){7}(?!\d)")
_EXTENSION = re.compile(r"[,\s(]{0,2}(?:分机号?|转接?|ext\.?)[:\s]{0,2}\d{2,6}(?!\d)", re.IGNORECASE)
_PUBLIC_LINE = re.compile(
    r"(?:热线|客服|值班|监督|举报|投诉|公开|服务|咨询)(?:电话|热线|号码)?[^\w]{0,3}(?:是|为)?$"
)

_ID_18 = re.compile(rf"(?<![0-9])[1-8]\d(?:{_GAP}\d){{15}}{_GAP}[\dXx×](?![0-9A-Za-z])")
_ID_15 = re.compile(r"(?<![0-9A-Za-z])[1-8]\d{14}(?![0-9A-Za-z])")
_ID_CUE = (
    r"(?:身份证|身分证|证件|护照|通行证|台胞证|居住证|军官证|驾驶证|驾照|社保卡?|社会保障卡?)(?:件|"
    r"号码?|编号|证号|的|是|为|写成了?|录成了?|[:：\s(,])*"
)
_ID_TYPED_WRONG = re.compile(
    rf"{_ID_CUE}(?P<number>[0-9OoIlXx](?:[ \-.]{{0,2}}[0-9OoIlXx*]){{12,21}})(?![0-9A-Za-z])"
)
_ID_TAIL = re.compile(
    r"(?:身份证|身分证|证件)[^\d,。;]{0,4}(?:后|尾|末|最后)[^\d,。;]{0,4}(?:位|"
    r"号)?[^\d,。;]{0,3}(?P<number>\d{3,8}[Xx]?)(?!\d)"
)
_PASSPORT = re.compile(
    (
        rf"(?:{_ID_CUE}(?P<number>[A-Z]{{1,2}}\d{{6,10}})|(?<![0-9A-Za-z])"
        rf"(?P<bare>[EG][A-HJ-NP-Z0-9]?\d{{7,8}}))(?![0-9A-Za-z])"
    ),
    re.IGNORECASE,
)

_USCC = re.compile(r"(?<![0-9A-Za-z])[0-9A-Z](?:[ -]{0,2}[0-9A-Z]){17}(?![0-9A-Za-z])", re.IGNORECASE)
_USCC_CUE = re.compile(
    r"(?:信用代码|税号|识别号|机构代码|统一代码|执照号|代码证)(?:证|号码?|是|为|"
    r"[:\s(,])*(?P<number>[0-9A-Z](?:[ -]{0,2}[0-9A-Z]){7,20})(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_LICENCE = re.compile(
    r"(?:注册号|登记号|税务登记证?|许可证号?|执照|备案号|准字|证书编号|证号|登记证)(?:号码?|编号|是|"
    r"为|[:\s(,])*(?P<number>[A-Z]{0,4}\d[0-9A-Z]{7,19})(?![0-9A-Za-z])",
    re.IGNORECASE,
)

_CARD = re.compile(r"(?<![0-9])\d(?:[ \-.]{0,2}\d){14,18}(?![0-9])")
_CARD_CUE = re.compile(
    r"(?:卡号|账号|帐号|账户|银行卡|储蓄卡|信用卡|对公户|银行账|汇到|打到|转到|汇入)(?:号码?|是|为|"
    r"[:\s(,])*(?P<number>\d(?:[ \-.]{0,2}\d){7,24})(?!\d)"
)
_BANK_WORD = re.compile(
    r"银行|卡号|账号|帐号|账户|储蓄|信用社|农信|[工农建中交邮招]行|社保卡|打款|汇款|收款|转账"
)
_OTHER_NUMBER = re.compile(
    r"(?:单号|编号|文号|案号|票号|合同号?|项目号?|订单|流水号?|受理号?|快递|运单|物流|批次号?|批号|"
    r"序列号|型号|回执号?|工单|文件|发票|报告|标书|招标|产品|设备|条码)"
    r"(?:号码?|编号|代码)?(?:是|为|[:\s(,#])*[0-9A-Za-z\-〔〕\[\]()/._]{0,24}$"
)

_PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(
    rf"(?<![A-Za-z0-9])[{_PROVINCE}][ \-·•.]?[A-Z][ \-·•.]{{0,2}}(?=[A-Z* "
    rf"]{{0,6}}\d)[A-HJ-NP-Z0-9*](?:[ \-·•.]?[A-HJ-NP-Z0-9*]){{3,5}}(?:[挂学警港澳试超领])"
    rf"?(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_PLATE_CUE = re.compile(
    r"(?:车牌|牌照|车号)(?:号码?|尾号|是|为|[:\s(,])*(?P<number>[A-Z]?[ "
    r"\-·•.]?(?=[A-Z]{0,5}\d)[A-HJ-NP-Z0-9]{4,6})(?![A-Za-z0-9])",
    re.IGNORECASE,
)

_REGIONS = frozenset(
    (
        "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 "
        "81 82 83"
    ).split()
)
_MOBILE_SHAPES = frozenset(
    {
        (11,),
        (3, 4, 4),
        (3, 8),
        (7, 4),
        (4, 4, 3),
        (4, 3, 4),
        (3, 3, 5),
        (4, 7),
        (5, 6),
        (6, 5),
        (3, 2, 2, 2, 2),
        (3, 4, 2, 2),
        (1,) * 11,
    }
)


def find(text: str) -> Iterator[Finding]:
    """Find identifying numbers in levelled text as (start, end, kind).

    >>> sorted(set(find("卡号6222 0217 0200 1234 566")))
    [(2, 25, 'BANK_CARD')]
    """
    if not re.search(r"\d|[一幺壹].{0,3}[三四五六七八九叁肆伍陆柒捌玖]", text):
        return
    yield from _telephones(text)
    yield from _id_cards(text)
    yield from _credit_codes(text)
    yield from _bank_cards(text)
    yield from _plates(text)


def _telephones(text: str) -> Iterator[Finding]:
    for match in _MOBILE.finditer(text):
        if _is_mobile(match, text):
            yield match.start(), match.end(), "PHONE"
    for match in _HALF_MASKED.finditer(text):
        yield match.start(), match.end(), "PHONE"
    for match in _LANDLINE.finditer(text):
        if not _PUBLIC_LINE.search(_before(text, match.start())):
            yield match.start(), _with_extension(text, match.end()), "PHONE"
    for match in _LOCAL.finditer(text):
        if not _PUBLIC_LINE.search(_before(text, match.start("number"))):
            yield match.start("number"), _with_extension(text, match.end()), "PHONE"
    for match in _SERVICE.finditer(text):
        if not _PUBLIC_LINE.search(_before(text, match.start())) and text[
            match.end() : match.end() + 2
        ] not in ("热线", "客服"):
            yield match.start(), match.end(), "PHONE"


def _is_mobile(match: re.Match[str], text: str) -> bool:
    number = match["number"]
    groups = [len(group) for group in re.findall(rf"{_D}+", number)]
    if len(groups) == 1:
        return not _other_number(text, match.start()) and not _glued(text, match.start())
    cued = bool(re.search(r"电话|手机|联系|号码|微信|tel|phone", _before(text, match.start()), re.IGNORECASE))
    # Commas and full stops also stand in amounts and dates; there only the usual grouping counts.
    loose = not re.search(r"[,、./]", number)
    return (
        tuple(groups) in _MOBILE_SHAPES
        or cued
        or (loose and all(size <= 4 for size in groups) and groups[0] == 3)
    )


def _glued(text: str, start: int) -> bool:
    """Tell whether letters that are no cue word stand right before a number, as in a serial number."""
    letters = re.search(r"[A-Za-z_]+$", _before(text, start))
    return letters is not None and not _DIAL.search(letters[0])


def _with_extension(text: str, end: int) -> int:
    match = _EXTENSION.match(text, end)
    return match.end() if match else end


def _id_cards(text: str) -> Iterator[Finding]:
    for match in _ID_18.finditer(text):
        number = _digits(match[0])
        if _looks_like_id(number) and (_id_checksum(number) or not _other_number(text, match.start())):
            yield match.start(), match.end(), "ID_CARD"
    for match in _ID_15.finditer(text):
        old = f"{match[0][:6]}19{match[0][6:]}"
        if _looks_like_id(old) and not _other_number(text, match.start()):
            yield match.start(), match.end(), "ID_CARD"
    for pattern in (_ID_TYPED_WRONG, _ID_TAIL):
        for match in pattern.finditer(text):
            yield match.start("number"), match.end("number"), "ID_CARD"
    for match in _PASSPORT.finditer(text):
        group = "number" if match["number"] else "bare"
        if group == "number" or not _other_number(text, match.start()):
            yield match.start(group), match.end(group), "ID_CARD"


def _credit_codes(text: str) -> Iterator[Finding]:
    for match in _USCC.finditer(text):
        if _looks_like_uscc(_digits(match[0]).upper()) and not _looks_like_id(_digits(match[0])):
            yield match.start(), match.end(), "USCC"
    for pattern, kind in ((_USCC_CUE, "USCC"), (_LICENCE, "LICENCE")):
        for match in pattern.finditer(text):
            if sum(c.isdigit() for c in match["number"]) >= 6:
                yield match.start("number"), match.end("number"), kind


def _bank_cards(text: str) -> Iterator[Finding]:
    for match in _CARD.finditer(text):
        number = _digits(match[0])
        cued = bool(_BANK_WORD.search(_before(text, match.start(), 14)))
        card = len(number) >= 16 and (number.startswith("62") or (number[0] in "3459" and luhn(number)))
        if (cued or card) and not _other_number(text, match.start()):
            yield match.start(), match.end(), "BANK_CARD"
    for match in _CARD_CUE.finditer(text):
        yield match.start("number"), match.end("number"), "BANK_CARD"


def _plates(text: str) -> Iterator[Finding]:
    for match in _PLATE.finditer(text):
        yield match.start(), match.end(), "PLATE"
    for match in _PLATE_CUE.finditer(text):
        yield match.start("number"), match.end("number"), "PLATE"


def luhn(number: str) -> bool:
    """Tell whether a card number passes the Luhn check (ISO/IEC 7812-1).

    >>> luhn("6222021702001234567"), luhn("4111111111111111")
    (False, True)
    """
    digits = [int(c) for c in reversed(number)]
    doubled = [d * 2 - 9 if d > 4 else d * 2 for d in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _id_checksum(number: str) -> bool:
    """Check an 18-digit ID card number by ISO 7064 MOD 11-2 (GB 11643-1999)."""
    total = sum(int(d) * pow(2, 17 - i, 11) for i, d in enumerate(number[:17]))
    return "10X98765432"[total % 11] == number[17].upper().replace("×", "X")


def _looks_like_id(number: str) -> bool:
    if len(number) != 18 or not number[:17].isdigit() or number[:2] not in _REGIONS:
        return False
    year, month, day = int(number[6:10]), int(number[10:12]), int(number[12:14])
    return 1900 <= year <= date.max.year and year <= 2035 and 1 <= month <= 12 and 1 <= day <= 31


def _looks_like_uscc(code: str) -> bool:
    """Check the shape of a unified credit code (GB 32100-2015); letters or a right checksum confirm it."""
    if not re.fullmatch(r"[159ANY1-9][1-9A-Z]\d{6}[0-9A-Z]{10}", code):
        return False
    letters = sum(c.isalpha() for c in code[8:])
    return (1 <= letters <= 9 and code[0] in "159NY") or _uscc_checksum(code)


def _uscc_checksum(code: str) -> bool:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    if any(c not in alphabet for c in code):
        return False
    total = sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(code[:17]))
    return alphabet[(31 - total % 31) % 31] == code[17]


def _digits(number: str) -> str:
    return "".join(_VALUE.get(c, c) for c in number if c.isalnum() or c == "×")


def _before(text: str, start: int, width: int = 12) -> str:
    return text[max(0, start - width) : start]


def _other_number(text: str, start: int) -> bool:
    return bool(_OTHER_NUMBER.search(_before(text, start, 40)))
