"""Last look at finished pages before they replace the published ones: nothing missing, foreign or personal."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from html import unescape

from evalpkg.report.errors import AnalysisFailed

# What a static page never holds. A data frame's own table has not passed the disclosure gate.
FOREIGN = {
    "脚本": re.compile(r"<\s*script\b|\bjavascript:|<[^>]+\son[a-z]+\s*=", re.IGNORECASE),
    "外部内容": re.compile(r"<\s*(?:iframe|object|embed|link|base|form)\b|@import\b", re.IGNORECASE),
    "外部地址": re.compile(r"https?://(?!www\.w3\.org/)|(?<=[\"'(=\s])//[a-z0-9]", re.IGNORECASE),
    "未经发布检查的数据表": re.compile(r'class="[^"]*\bdataframe\b'),
}
# What would point to a person or an enterprise. Borders are neither digits nor letters nor a decimal point.
PERSONAL = {
    "网络地址（IP）": re.compile(
        r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])"
    ),
    "手机号": re.compile(r"(?<![\d.A-Za-z])1[3-9]\d{9}(?![\dA-Za-z])"),
    "身份证号或信用代码": re.compile(
        r"(?<![\d.A-Za-z])(?:\d{17}[\dXx]|[159N][1239]\d{6}[0-9A-HJ-NPQRTUWXY]{10})(?![\dA-Za-z])"
    ),
    "邮箱": re.compile(r"[\w.+-]+@[\w-]+\.[A-Za-z]{2,}"),
}
# Attributes that are read aloud or shown; the others are geometry, which is full of digits.
SPOKEN = re.compile(r'\b(?:alt|title|aria-label|data-label|id|name|value|content)="([^"]*)"')
STYLE = re.compile(r"<style\b.*?</style>", re.DOTALL | re.IGNORECASE)
TAG = re.compile(r"<[^>]*>")
LINK = re.compile(r'<a\b[^>]*\bhref="([^"]*)"')
ID = re.compile(r'\bid="([^"]+)"')


def require_clean(pages: Mapping[str, str]) -> None:
    """Refuse a set of pages of which one is empty, foreign, personal or linked to nowhere.

    Parameters
    ----------
    pages
        File name -> HTML.

    Raises
    ------
    AnalysisFailed
        Names the page and the kind of fault, never what was found.
    """
    for name, html in pages.items():
        require_static(name, html)
        _refuse(name, dead_links(html, pages), 70, "请改正笔记本里的链接")


def require_static(name: str, html: str) -> None:
    """Refuse one page that is empty, foreign or personal; see `require_clean`."""
    if not has_body(html):
        raise AnalysisFailed(f"页面 {name} 没有内容，没有发布；请检查对应的笔记本有没有可公布的结果")
    _refuse(name, _kinds(FOREIGN, html), 70, "页面只能有静态内容，请改正笔记本")
    _refuse(name, _kinds(PERSONAL, words(html)), 4, "请检查笔记本是否绕过了发布检查")


def _refuse(name: str, kinds: list[str], exit_code: int, advice: str) -> None:
    if kinds:
        raise AnalysisFailed(f"页面 {name} 含有{'、'.join(kinds)}，没有发布；{advice}", exit_code)


def _kinds(patterns: Mapping[str, re.Pattern[str]], text: str) -> list[str]:
    return [kind for kind, pattern in patterns.items() if pattern.search(text)]


def has_body(html: str) -> bool:
    """Tell whether there is anything to read between ``<main>`` and ``</main>``."""
    body = re.search(r"<main\b.*?</main>", html, re.DOTALL)
    return body is not None and bool(words(body[0]).strip() or "<svg" in body[0])


def words(html: str) -> str:
    """Text of a page as a reader or a screen reader gets it, style and geometry left out.

    >>> words('<p title="a">b &amp; c</p>').split()
    ['b', '&', 'c', 'a']
    """
    html = STYLE.sub(" ", html)
    return unescape(" ".join([TAG.sub(" ", html), *SPOKEN.findall(html)]))


def dead_links(html: str, pages: Collection[str]) -> list[str]:
    """List links that lead neither to a page of the round, nor to the list of rounds, nor to a place on the page."""
    places = set(ID.findall(html))
    return [
        f"失效的链接 {target}" for target in LINK.findall(html) if not _leads(unescape(target), pages, places)
    ]


def _leads(target: str, pages: Collection[str], places: Collection[str]) -> bool:
    page, _, place = target.partition("#")
    return page in pages or page == "../index.html" or (not page and place in places)
