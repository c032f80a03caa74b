"""complaints.lexicon: what a clerk's spreadsheet may hold, and the line that says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalpkg import params
from evalpkg.complaints.features import STOP
from evalpkg.complaints.lexicon import read
from evalpkg.params import ParamsError
from evalpkg.text import clean, fold

HEAD = "code,label,lead_departments,seeds\n"
TWO = HEAD + "FIN,融资难,D22;D27,贷款;银行\nLEGAL,司法与合同,D29,合同;官司\n"


def lexicon(folder: Path, content: str | bytes) -> Path:
    path = folder / "data" / "reference" / "themes.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def words(folder: Path, content: str | bytes) -> dict[str, tuple[str, ...]]:
    return {code: theme.seeds for code, theme in read(lexicon(folder, content), "themes.csv").items()}


def test_the_shipped_lexicon_has_45_to_70_words_a_theme_and_none_in_two() -> None:
    themes = read(params.bundle(), "themes.csv")
    assert len(themes) == 16
    owners: dict[str, str] = {}
    for code, theme in themes.items():
        assert 45 <= len(theme.seeds) <= 70, code
        for word in theme.seeds:
            assert owners.setdefault(fold(clean(word)), code) == code, word


@pytest.mark.parametrize(
    "content",
    [
        TWO,
        TWO.encode("utf-8-sig"),
        TWO.encode("gb18030"),
        TWO.replace("\n", "\r\n"),
        TWO + ",,,\n\n  ,,,\n",
        TWO.replace("贷款;银行", "贷款；、银行;;  "),
        TWO.replace("贷款;银行", '"贷款，银行,"'),
        TWO.replace("贷款;银行", '"贷款\n银行"'),
        TWO.replace("code,label", " Code ,label").replace("\nFIN", "\n FIN "),
        HEAD[:-1] + ",备注\nFIN,融资难,D22,贷款;银行,常见\nLEGAL,司法与合同,D29,合同;官司\n",
        "备注,seeds,label,code,lead_departments\n常见,贷款;银行,融资难,FIN,D22\n,合同;官司,司法与合同,LEGAL,\n",
    ],
)
def test_what_a_spreadsheet_saves_is_read(tmp_path: Path, content: str | bytes) -> None:
    assert words(tmp_path, content) == {"FIN": ("贷款", "银行"), "LEGAL": ("合同", "官司")}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            TWO + "ARR,拖欠账款,D07,欠款;合同\n",
            ["第 3 行（司法与合同）", "第 4 行（拖欠账款）", "都有“合同”", "留下一处"],
        ),
        (TWO + "ARR,拖欠账款,D07,VOC;ＶＯＣ\nENV,环保,D10,voc\n", ["第 4 行（拖欠账款）和第 5 行", "“voc”"]),
        (TWO + "\n\nARR,拖欠账款,D07,欠款;的\n", ["第 6 行", "“的”是虚词", "请删去"]),
        (TWO + "ARR,拖欠账款,D07,欠款;！！\n", ["第 4 行", "“！！”里没有字"]),
        (TWO + "ARR,拖欠账款,D07,欠款,尾款\n", ["第 4 行", "格子比表头多", "请用分号"]),
        (TWO + "ARR,拖欠账款,D07\n", ["第 4 行", "都要填写"]),
        (TWO + "ARR,拖欠账款,D07,；；\n", ["第 4 行", "至少一个词"]),
        (TWO + "FIN,另一类,D07,欠款\n", ["代码写了两次：FIN"]),
        (TWO + "ARR,融资难,D07,欠款\n", ["名称写了两次：融资难"]),
        (TWO + "OTHER,杂项,D07,欠款\n", ["第 4 行", "OTHER", "换一个"]),
        (TWO + "ARR,其他,D07,欠款\n", ["第 4 行", "“其他”", "换一个"]),
        (TWO + 'ARR,拖欠账款,D07,"欠款\n', ["引号不成对"]),
        (HEAD.replace("label", "code") + "FIN,融资难,D22,贷款\n", ["缺少列 label"]),
        (HEAD.replace("label", "label,label") + "FIN,融资难,融资难,D22,贷款\n", ["列 label 有两个"]),
        (HEAD, ["没有一类问题"]),
        (b"\n\n", ["是空的"]),
        (TWO.encode("utf-16"), ["编码", "另存为“CSV UTF-8”"]),
        (b"\x89PNG\xff\xff\xff\x00", ["编码"]),
    ],
)
def test_a_fault_is_one_line_that_says_where_and_how_to_mend_it(
    tmp_path: Path, content: str | bytes, said: list[str]
) -> None:
    with pytest.raises(ParamsError, match=r"^themes\.csv") as caught:
        words(tmp_path, content)
    assert [part for part in said if part not in str(caught.value)] == []
    assert "\n" not in str(caught.value)


def test_every_single_character_of_grammar_is_refused(tmp_path: Path) -> None:
    for character in sorted(STOP):
        with pytest.raises(ParamsError, match="虚词"):
            words(tmp_path, HEAD + f"FIN,融资难,D22,{character};贷款\n")
    assert words(tmp_path, HEAD + "TAX,税费,D26,税\n") == {"TAX": ("税",)}
