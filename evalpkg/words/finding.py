"""A finding and the ways in which a page prints it."""

from __future__ import annotations

from dataclasses import dataclass

from evalpkg.disclosure import Protected
from evalpkg.fragment import Fragment, escape, sign
from evalpkg.params import Round

SURE, UNSURE, LISTED = "可以认定", "尚不能认定", "只列不排"
PARTLY = "部分可以认定"
SIGNS = {SURE: "sure", PARTLY: "sure", UNSURE: "same", LISTED: "listed"}
LONGEST_CLAUSE = 13  # characters; a longer one would break inside a word on a phone


@dataclass(frozen=True)
class Finding:
    """An answer to one question of a reader: `clauses` make the conclusion, `detail` its figures, `tag` how sure."""

    question: str
    clauses: tuple[str, ...]
    detail: str
    tag: str

    def _repr_html_(self) -> str:
        return headline(self)


def headline(finding: Finding) -> Fragment:
    """Print a finding as the conclusion that opens a page."""
    return Fragment(
        f'<h1 class="answer">{_clauses(finding)}</h1><p class="lead">{escape(finding.detail)}</p>'
    )


def answer(
    no: int, finding: Finding, figure: Fragment | None = None, link: tuple[str, str] | None = None
) -> Fragment:
    """Print a finding as one numbered answer of the leaders' page; the first is the page's headline."""
    first = no == 1
    level = "h1" if first else "h2"
    head = f'<b class="no">{no}</b><span class="q">{escape(finding.question)}</span>'
    tag = f'<span class="tag">{_sign(finding.tag)}{escape(finding.tag)}</span>' if finding.tag else ""
    # A box that says "not asked" would repeat the sentence above it.
    figure = None if figure is not None and figure.startswith('<p class="none">') else figure
    sub = f'<p class="sub">{escape(finding.detail)}</p>' if first else ""
    more = f'<a class="more" href="{escape(link[0])}.html">{escape(link[1])}</a>' if link else ""
    text = f'<header>{head}{tag}</header><{level} class="s">{_clauses(finding)}</{level}>{sub}'
    if first:
        return Fragment(f'<article class="a first"><div>{text}{more}</div>{figure or ""}</article>')
    return Fragment(f'<article class="a">{text}{figure or ""}{more}</article>')


def answers(*parts: Fragment) -> Fragment:
    """Lay the answers of the leaders' page out as one grid."""
    return Fragment(f'<section class="answers">{"".join(parts)}</section>')


def proposals(no: int, round_: Round) -> Fragment:
    """Print the proposals that people wrote into the round's parameters; nothing where there are none."""
    if not round_.proposals:
        return Fragment("")
    rows = "".join(
        f'<tr><td><b>{escape(p.what)}</b></td><td data-label="责任单位">{escape(p.who)}</td>'
        f'<td data-label="时限">{escape(p.by)}</td><td data-label="下轮看什么">{escape(p.check)}</td></tr>'
        for p in round_.proposals
    )
    head = "<tr><th>建议</th><th>责任单位</th><th>时限</th><th>下轮看什么</th></tr>"
    return Fragment(
        f'<article class="a all"><header><b class="no">{no}</b><span class="q">建议</span>'
        f'<span class="tag">由评议工作组提出</span></header>'
        f'<table class="gt_table props"><thead>{head}</thead><tbody>{rows}</tbody></table></article>'
    )


def section(title: str, sub: str = "") -> Fragment:
    """Open a section of a page."""
    return Fragment(f"<h2>{escape(title)}</h2>" + (f'<p class="sub">{escape(sub)}</p>' if sub else ""))


def point(finding: Finding) -> Fragment:
    """Print a finding as a section of its page: the conclusion, and below it how sure and its figures."""
    tag = f"{_sign(finding.tag)} <b>{escape(finding.tag)}</b>：" if finding.tag else ""
    return Fragment(f'<h2>{_clauses(finding)}</h2><p class="sub">{tag}{escape(finding.detail)}</p>')


def joined(names: str, ending: str) -> tuple[str, ...]:
    """Join names and what is said of them into one clause, or two where one would be too long."""
    return (names + ending,) if len(names + ending) <= LONGEST_CLAUSE else (names, ending)


def not_asked(question: str, subject: str) -> Finding:
    """Say that the questionnaire had no such question."""
    return Finding(question, (f"本次问卷没有问{subject}",), "所以这里不列，也不能与别的轮次比较。", "")


def base_of(result: Protected) -> str:
    """Say whom the numbers speak of, to stand in a sentence."""
    return f"分母是{result.base}"


def _sign(tag: str) -> str:
    return sign(SIGNS[tag]) if tag in SIGNS else ""


def _clauses(finding: Finding) -> str:
    return "".join(f'<span class="c">{escape(clause)}</span>' for clause in finding.clauses)
