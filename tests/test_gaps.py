"""complaints.gaps and `evalpkg themes`: what the lexicon misses, told of k respondents at least."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from evalpkg import cli, complaints, survey, text
from evalpkg.complaints.coding import REST, Coded
from evalpkg.complaints.gaps import INSIDE, Gaps, gaps
from evalpkg.complaints.history import History
from evalpkg.complaints.lexicon import Theme

LEXICON = {
    "FIN": Theme("FIN", "融资难", (), ("贷款", "银行")),
    "PARK": Theme("PARK", "停车难", (), ("停车", "ＶＯＣ", "泊位")),
}


@pytest.fixture(scope="module")
def opened(demo_root: Path) -> survey.Survey:
    return survey.open("2022H2", demo_root)


@pytest.fixture(scope="module")
def said(opened: survey.Survey) -> Coded:
    found = complaints.coded(opened, complaints.history(opened))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def missed(said: Coded) -> Gaps:
    return gaps(said)


def made(
    opened: survey.Survey, rows: list[tuple[int, str, str]], lexicon: dict[str, Theme] = LEXICON
) -> Coded:
    """Code by hand: respondent, text, theme."""
    pieces = pd.DataFrame(rows, columns=["rid", "text", "theme"]).assign(
        round=opened.round.id, item="J1", kind="complaint"
    )
    return Coded(opened, History(), pieces, lexicon)


# --- a few complaints coded by hand ------------------------------------------------------------------------


def test_what_a_theme_holds_by_a_word_and_by_likeness(opened: survey.Survey) -> None:
    rows = [(rid, "银行审批太慢", "FIN") for rid in range(1, 15)]
    rows += [(rid, "老板借钱不容易", "FIN") for rid in range(10, 31)]  # 10 to 14 also wrote of banks
    rows += [
        (40, "不觉得停车难，就是没有泊位", "PARK"),
        (41, "银行门口总是堵", "PARK"),
        (42, "天气太热", REST),
    ]
    found = gaps(made(opened, rows)).found.set_index("theme")
    assert found.loc["FIN", ["count", "by_word", "alike"]].tolist() == [30, 14, 16]
    assert found.loc["PARK", ["count", "by_word", "alike"]].tolist() == [2, 1, 1]
    assert found.loc[REST, ["count", "by_word", "alike"]].tolist() == [1, 0, 1]
    assert found.index.tolist() == ["FIN", "PARK", REST]


def test_a_word_is_proposed_where_k_use_it_and_most_of_them_in_one_theme(opened: survey.Survey) -> None:
    k = opened.round.k
    rows = [(rid, "客户跑了，利润没了", "FIN") for rid in range(1, k + 3)]  # k + 2 say 客户 and 利润
    rows += [(rid, "利润太薄", REST) for rid in range(100, 100 + k)]  # so 利润 is no longer of one theme
    rows += [(rid, "订单取消", "FIN") for rid in range(200, 200 + k - 1)]  # one too few
    rows += [(300, "银行挑客户", "FIN"), (301, "客户停车远", "PARK")]
    found = gaps(made(opened, rows)).additions
    assert found[["word", "theme", "label", "count"]].to_numpy().tolist() == [
        ["客户", "FIN", "融资难", k + 4]
    ]
    assert found["inside"].iloc[0] == pytest.approx(100 * (k + 3) / (k + 4))


def test_words_around_a_seed_word_are_no_proposal(opened: survey.Survey) -> None:
    rows = [(rid, "停车场太远", "FIN") for rid in range(1, 40)]
    assert not {"停车", "停车场"} & set(gaps(made(opened, rows)).additions["word"])


def test_a_word_that_one_respondent_repeats_is_not_listed(opened: survey.Survey) -> None:
    rows = [(1, "黑心平台抽成太高", REST)] * 50 + [(rid, "平台规则变来变去", REST) for rid in range(2, 30)]
    found = gaps(made(opened, rows))
    listed = dict(zip(found.other["word"], found.other["count"], strict=True))
    assert listed["平台"] == 29
    assert "抽成" not in listed
    assert not any("抽成" in words for words in found.groups["words"])
    assert "平台" in found.groups["words"].iloc[0]


def test_seed_words_that_never_occur_are_listed_and_denied_ones_do_not_occur(opened: survey.Survey) -> None:
    rows = [
        (1, "贷款难", "FIN"),
        (2, "voc设备太贵", "PARK"),
        (3, "没有遇到停车难的问题，就是没有泊位", "PARK"),
    ]
    found = gaps(made(opened, rows)).unused.set_index("theme")["words"]
    assert found.to_dict() == {"FIN": "银行", "PARK": "停车"}


def test_nothing_written_misses_nothing(opened: survey.Survey) -> None:
    found = gaps(made(opened, []))
    assert found.found["count"].sum() == 0
    assert found.unused["words"].tolist() == ["贷款、银行", "停车、ＶＯＣ、泊位"]
    assert found.other.empty and found.additions.empty and found.groups.empty


# --- a demo round --------------------------------------------------------------------------------------------


def users(said: Coded, word: str, theme: str | None = None) -> int:
    """Count respondents whose complaints hold a word after segmentation or as part of a longer one."""
    pieces = said.complaints(said.survey)
    if theme is not None:
        pieces = pieces[pieces["theme"] == theme]
    return int(pieces[[word in text.fold(text.clean(one)) for one in pieces["text"]]]["rid"].nunique())


def test_no_word_of_fewer_than_k_respondents_is_listed(said: Coded, missed: Gaps) -> None:
    k = said.survey.round.k
    assert missed.k == k
    assert len(missed.additions) > 0 and len(missed.other) > 0
    for row in missed.other.itertuples():
        assert k <= row.count <= users(said, str(row.word), REST)
    for row in missed.additions.itertuples():
        assert k <= row.count <= users(said, str(row.word))
        assert row.inside >= 100 * INSIDE
        assert not any(row.word in theme.seeds for theme in said.lexicon.values())
    for words in missed.groups["words"]:
        assert all(users(said, word, REST) >= k for word in words.split("、"))


def test_counts_are_those_of_the_published_shares(opened: survey.Survey, said: Coded, missed: Gaps) -> None:
    result = complaints.themes(opened, said)
    assert result is not None
    published = result.table.set_index("theme")["count"].drop(REST)
    counts = missed.found.set_index("theme")["count"]
    assert counts[published.index].to_dict() == published.to_dict()
    assert (missed.found["by_word"] + missed.found["alike"]).tolist() == missed.found["count"].tolist()


# --- the verb ------------------------------------------------------------------------------------------------


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that runs a command in this process and gives its exit code, output and errors."""
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: str) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(arguments)
        out, err = capsys.readouterr()
        return left.value.code, out, err

    return run


def stub(monkeypatch: pytest.MonkeyPatch, opened: survey.Survey, said: Coded | None) -> None:
    monkeypatch.setattr(survey, "open", lambda *_: opened)
    monkeypatch.setattr(complaints, "coded", lambda *_: said)
    monkeypatch.setattr(complaints, "history", lambda *_: History())


def test_the_verb_prints_every_section_and_no_small_or_exact_count(
    command: Any, monkeypatch: pytest.MonkeyPatch, opened: survey.Survey, said: Coded, missed: Gaps
) -> None:
    stub(monkeypatch, opened, said)
    code, out, err = command("themes", "2022H2")
    assert (code, err) == (0, "")
    for title, _, _ in missed.sections:
        assert title in out
    for row in missed.found[missed.found["theme"] != REST].itertuples():
        line = next(line for line in out.splitlines() if line.strip().startswith(str(row.label)))
        shown = [5 * round(n / 5) if n >= missed.k else "<10" for n in (row.count, row.by_word, row.alike)]
        assert line.split()[1:] == [str(n) for n in shown]
    counts, words = out.split("各轮意见里都没有出现过的词")
    assert all(int(number) % 5 == 0 for number in re.findall(r"(?<![<\dH])\d+(?=\s|$)", counts))
    assert "拖欠账款" in words


def test_the_verb_says_when_nothing_is_missed_or_nothing_was_written(
    command: Any, monkeypatch: pytest.MonkeyPatch, opened: survey.Survey
) -> None:
    stub(monkeypatch, opened, made(opened, [(1, "贷款难", "FIN")]))
    code, out, _ = command("themes", "2022H2")
    assert code == 0
    assert "可能的新问题：没有" in out and "可以补进词表的词（先想清楚意思是否单一）：没有" in out
    stub(monkeypatch, opened, None)
    code, out, _ = command("themes", "2022H2")
    assert code == 0
    assert out == "2022H2：没有人写意见，或者没有一条意见用到 themes.csv 里的词，没有可检查的\n"


def test_the_verb_fails_in_one_line(command: Any, demo_root: Path, tmp_path: Path) -> None:
    code, out, err = command("themes")
    assert (code, out) == (64, "")
    assert err.startswith("缺少轮次；用法见 ") and err.endswith(" themes --help\n")
    code, out, err = command("themes", "2030H1", "--root", str(demo_root))
    assert (code, out) == (64, "")
    assert err.startswith("没有轮次 2030H1") and err.count("\n") == 1


def test_the_verb_tells_nothing_of_a_round_that_is_too_small(
    command: Any, monkeypatch: pytest.MonkeyPatch, opened: survey.Survey
) -> None:
    small = replace(opened, round=opened.round.model_copy(update={"min_respondents": 5000}))
    monkeypatch.setattr(survey, "open", lambda *_: small)
    code, out, err = command("themes", "2022H2")
    assert (code, out) == (4, "")
    assert "不足公布所需的 5000 份" in err and err.count("\n") == 1


def test_the_verb_refuses_a_lexicon_with_a_word_in_two_themes(
    command: Any, monkeypatch: pytest.MonkeyPatch, opened: survey.Survey, tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "reference"
    folder.mkdir(parents=True)
    (folder / "themes.csv").write_text(
        "code,label,lead_departments,seeds\nFIN,融资难,,贷款\nTAX,税费,,贷款\n", encoding="utf-8"
    )
    round_ = opened.round.model_copy(update={"root": tmp_path})
    moved = survey.Survey(**{**vars(opened), "round": round_})
    monkeypatch.setattr(survey, "open", lambda *_: moved)
    monkeypatch.setattr(complaints, "history", lambda *_: History())
    code, out, err = command("themes", "2022H2")
    assert (code, out) == (64, "")
    assert "第 2 行（融资难）和第 3 行（税费）都有“贷款”" in err and err.count("\n") == 1
