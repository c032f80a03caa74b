"""Addresses on the net: e-mail, QQ, WeChat and other accounts, web and IP addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

Finding = tuple[int, int, str]

_AT = r"(?:@|\(at\)|\[at\]|艾特|#)"
_EMAIL = re.compile(
    rf"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{{0,63}} ?{_AT} "
    rf"?[A-Za-z0-9][A-Za-z0-9-]{{0,62}}(?: ?[.。点] ?[A-Za-z][A-Za-z0-9-]{{1,30}}){{1,4}}",
    re.IGNORECASE,
)
_EMAIL_SHORT = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{2,63} ?@ ?(?:qq|163|126|139|189|sina|sohu|"
    r"gmail|foxmail|outlook|hotmail|yeah|aliyun)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_URL = re.compile(
    (r"(?:https?://|(?<![A-Za-z0-9])www\.)[A-Za-z0-9\-._~:/?#\[\]@!$&'*+=%]{3,300}"), re.IGNORECASE
)
_DOMAIN = re.compile(
    (
        r"(?<![A-Za-z0-9.@_-])[A-Za-z0-9][A-Za-z0-9-]{1,40}(?:\.[A-Za-z0-9-]{2,20}){0,2}\.(?:com|cn|net|"
        r"shop|store|top|vip|cc)(?![A-Za-z0-9])"
    ),
    re.IGNORECASE,
)
_PUBLIC_SITE = re.compile(r"\.gov\.cn|12345|12366|zwfw|hnzwfw", re.IGNORECASE)
_IP = re.compile(r"(?<![\d.A-Za-z])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")

_LINK = r"(?:同?号码?|群号?|id|账号|帐号|是|为|名|搜索?|加|联系|也是|我|的|就|在线|[:：\s,(])*"
_QQ = re.compile(
    (
        rf"(?:qq|扣扣|企鹅号?|加.?q|q号|q群|(?<![a-z])q(?=[ :]{{0,2}}\d)){_LINK}(?P<number>\d(?:[ "
        rf"-]?\d){{4,11}})(?![0-9A-Za-z@])"
    ),
    re.IGNORECASE,
)
_QQ_BEHIND = re.compile(
    (r"(?<![0-9A-Za-z])(?P<number>[1-9]\d{4,11})(?![0-9])[(\s,]{0,2}(?:是|为)?(?:我的?)?(?:qq|扣扣)"),
    re.IGNORECASE,
)
_CHAT = r"(?:微信|威信|薇信|微x|v信|v❤|vx|wx|weixin|wechat|加微|加v|\+v|＋v)"
_WECHAT = re.compile(
    (rf"{_CHAT}{_LINK}(?P<number>(?:[A-Za-z]|(?=[0-9_-]{{0,12}}[0-9]))[A-Za-z0-9_-]{{4,27}})"), re.IGNORECASE
)
_WXID = re.compile(r"(?<![A-Za-z0-9])wxid_[A-Za-z0-9_-]{4,30}", re.IGNORECASE)
_OTHER = re.compile(
    rf"(?:抖音|快手|小红书|钉钉|支付宝|微博|旺旺|淘宝|闲鱼|b站|telegram|skype|whatsapp|facebook|line|"
    rf"twitter){_LINK}(?P<number>@?[A-Za-z0-9][A-Za-z0-9._-]{{4,27}})",
    re.IGNORECASE,
)
# English words that follow the name of an app without being anybody's account.
_WORDS = frozenset(
    (
        "android iphone apple windows harmony online mobile system server version wechat weixin payment "
        "service official error scan code"
    ).split()
)


def find(text: str) -> Iterator[Finding]:
    """Find accounts and addresses on the net in levelled text as (start, end, kind).

    >>> list(find("加QQ 87654321"))
    [(4, 12, 'QQ')]
    """
    if not re.search(r"[A-Za-z@]|扣扣|企鹅|微信|抖音|快手|钉钉|支付宝|\d\.\d", text):
        return
    yield from _mail(text)
    yield from _sites(text)
    yield from _chat(text)


def _mail(text: str) -> Iterator[Finding]:
    for pattern in (_EMAIL, _EMAIL_SHORT):
        for match in pattern.finditer(text):
            yield match.start(), match.end(), "EMAIL"


def _sites(text: str) -> Iterator[Finding]:
    for pattern in (_URL, _DOMAIN):
        for match in pattern.finditer(text):
            if not _PUBLIC_SITE.search(match[0]):
                yield match.start(), match.end(), "URL"
    for match in _IP.finditer(text):
        if all(int(part) < 256 for part in match[0].split(".")) and len(match[0]) > 8:
            yield match.start(), match.end(), "IP"


def _chat(text: str) -> Iterator[Finding]:
    for pattern, kind in ((_QQ, "QQ"), (_QQ_BEHIND, "QQ"), (_WECHAT, "WECHAT"), (_OTHER, "ACCOUNT")):
        for match in pattern.finditer(text):
            if kind == "QQ" or _is_account(match):
                yield match.start("number"), match.end("number"), kind
    for match in _WXID.finditer(text):
        yield match.start(), match.end(), "WECHAT"


def _is_account(match: re.Match[str]) -> bool:
    """Tell whether the match is an account: a plain English word only where the text says so (: or 号)."""
    name = match["number"].lower()
    if re.search(r"[0-9_-]", name):
        return True
    return name not in _WORDS and bool(re.search(r"[:号是为]\s*$", match[0][: -len(name)]))
