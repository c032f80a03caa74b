"""params: a round's file over the defaults, and what is said when a clerk gets it wrong."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalpkg import params
from evalpkg.params import ParamsError

ROUND = """\
id: 2021H1
number: 2
theme: 试验
period: {start: 2021-01-01, end: 2021-06-30}
fieldwork: {start: 2021-06-01, end: 2021-06-30, issued: 10, returned: 9}
recruitment: direct
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "params").mkdir()
    defaults = (params.bundle() / "params" / "_defaults.yaml").read_text(encoding="utf-8")
    (tmp_path / "params" / "_defaults.yaml").write_text(defaults, encoding="utf-8")
    (tmp_path / "params" / "2021H1.yaml").write_text(ROUND, encoding="utf-8")
    return tmp_path


def rewrite(workspace: Path, old: str, new: str) -> None:
    path = workspace / "params" / "2021H1.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_a_round_takes_its_own_keys_and_the_defaults(workspace: Path) -> None:
    round_ = params.load("2021H1", workspace)
    assert (round_.theme, round_.k, round_.level, round_.label) == ("试验", 10, 0.95, "2021 年上半年")
    assert round_.raw == workspace.resolve() / "data" / "raw" / "2021H1"


def test_persons_employed_are_counted_unless_the_round_says_not(workspace: Path) -> None:
    assert params.load("2021H1", workspace).employment == "employment"
    rewrite(workspace, "number: 2", "number: 2\nemployment: null")
    assert params.load("2021H1", workspace).employment is None


def test_a_round_is_frozen(workspace: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        params.load("2021H1", workspace).k = 5  # type: ignore[misc]


def test_the_seed_of_a_task_depends_on_round_and_name_only(workspace: Path) -> None:
    round_ = params.load("2021H1", workspace)
    digest = hashlib.sha256(f"{round_.seed}/2021H1/drivers".encode()).hexdigest()
    assert round_.seed_for("drivers") == int(digest[:8], 16)
    assert round_.seed_for("drivers") != round_.seed_for("order")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("theme: 试验", "thema: 试验", "thema 没有这个参数，请检查拼写"),
        ("theme: 试验\n", "", "theme 缺少这个键"),
        ("number: 2", "number: two", "number 应为整数"),
        ("number: 2", "number: 2\nnumber: 3", "键 number 写了两次"),
        ("number: 2", "number: 0", "number 取值不允许（不小于 1）"),
        ("direct", "mail", "recruitment 取值不允许（只能是 chambers、districts、direct）"),
        ("number: 2", "number: 2\nk: 4", "k 取值不允许（不小于 5）"),
        ("number: 2", "number: 2\nk: 40", "min_respondents 不得小于 3 × k（即 120）"),
        ("end: 2021-06-30}", "end: 2020-06-30}", "period 结束日期早于开始日期"),
        ("id: 2021H1", "id: 2022H1", "id 必须与文件名相同"),
        ("theme: 试验", "theme: &a [x]\nfiles: *a", "不允许使用 YAML 的引用"),
        ("theme: 试验", "theme: [试验", "不符合 YAML 写法"),
        ("number: 2", "number: 2\nnumber: 2\nk: 0", "键 number 写了两次"),
        ("end: 2021-06-30}", "end: 2021-06-31}", "有一个日期或数字不存在"),
        ("number: 2", f"number: {'9' * 5000}", "有一个日期或数字不存在"),
        ("number: 2", "number: !!bool 对", "有一个日期或数字不存在"),
        ("number: 2", f"number: {'[' * 90_000}", "括号套得太深"),
        ("number: 2", f"number:\n{'- ' * 20_000}", "括号套得太深"),
        (
            "number: 2",
            "number: 2\n\"x=1; open('/tmp/owned', 'w')\": 1",
            "x=1; open('/tmp/owned', 'w') 没有这个参数",
        ),
        ("number: 2", 'number: 2\n"甲\\n乙": 1', "甲 乙 没有这个参数"),
        ("number: 2", "number: 2\nprint: 5", "print 没有这个参数"),
        (
            "id: 2021H1",
            "thema: 1\nprint: 2",
            "thema 没有这个参数，请检查拼写；print 没有这个参数，请检查拼写；id 缺少这个键",
        ),
        ("number: 2", "number: 2\nproposals: !!python/object/apply:os.system [x]", "不符合 YAML 写法"),
    ],
)
def test_each_fault_is_one_line_that_names_file_and_key(
    workspace: Path, old: str, new: str, said: str
) -> None:
    rewrite(workspace, old, new)
    with pytest.raises(ParamsError) as caught:
        params.load("2021H1", workspace)
    assert said in str(caught.value)
    assert "2021H1.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)
    code = "E-ROUND" if said.startswith("id 必须与文件名相同") else "E-PARAMS"
    assert caught.value.code == code and str(caught.value).endswith(f"（{code}）")


def test_an_id_that_breaks_out_of_its_quotes_is_no_round(workspace: Path) -> None:
    rewrite(workspace, "id: 2021H1", 'id: "2021H1\\"; import os; x=\\""')
    with pytest.raises(ParamsError, match=r"id 必须与文件名相同，请改为 id: 2021H1（E-ROUND）$"):
        params.load("2021H1", workspace)


def test_a_few_lines_that_unfold_to_gigabytes_are_refused_at_once(workspace: Path) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 8)}]\n" for old, new in pairwise("abcdefghij")
    )
    (workspace / "params/2021H1.yaml").write_text(bomb, encoding="utf-8")
    with pytest.raises(ParamsError, match=r"不允许使用 YAML 的引用.*（E-PARAMS）$"):
        params.load("2021H1", workspace)


def test_an_error_without_a_code_is_its_sentence() -> None:
    assert str(ParamsError("写法不对", code="")) == "写法不对"


ROUND_NAMES = [
    "2023H9",
    "1821H1",
    "2021h1",
    "2021H1\n",
    "2021H1\n2022H2",
    "2021H1\x00",
    "2021H1/../x",
    "{round.__class__}",
    "．．／x",
]


@pytest.mark.parametrize("name", [*ROUND_NAMES, "../../x", "2021H1 ", "-rf", "２０２１H1", "", "%2e%2e%2f"])
def test_a_wrong_round_name_lists_the_rounds_there_are(workspace: Path, name: str) -> None:
    with pytest.raises(ParamsError, match="现有轮次：2021H1（E-ROUND）"):
        params.load(name, workspace)


@given(st.text(max_size=12).filter(lambda name: not params.ROUND_ID.fullmatch(name)))
def test_no_text_but_a_round_name_reaches_the_file_system(name: str) -> None:
    with pytest.raises(ParamsError, match="轮次名称写法不对"):
        params.load(name, params.bundle())


def test_an_unknown_round_says_which_file_is_missing(workspace: Path) -> None:
    with pytest.raises(ParamsError, match=r"params/2030H1\.yaml；现有轮次：2021H1"):
        params.load("2030H1", workspace)


def test_the_root_is_found_upwards_or_by_the_environment(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = workspace / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.delenv("EVALPKG_ROOT", raising=False)
    monkeypatch.chdir(deep)
    assert params.find_root() == workspace.resolve()
    monkeypatch.chdir("/")
    with pytest.raises(ParamsError, match="--root"):
        params.find_root()
    monkeypatch.setenv("EVALPKG_ROOT", str(workspace))
    assert params.find_root() == workspace.resolve()
    assert params.list_rounds() == ["2021H1"]


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="不是评议项目"):
        params.find_root(tmp_path)


def test_reference_files_come_from_the_workspace_first(workspace: Path) -> None:
    shipped = params.reference(workspace, "districts.csv")
    assert shipped == params.bundle() / "data" / "reference" / "districts.csv"
    own = workspace / "data" / "reference" / "districts.csv"
    own.parent.mkdir(parents=True)
    own.write_text("unit\n", encoding="utf-8")
    assert params.reference(workspace, "districts.csv") == own
    with pytest.raises(ParamsError, match=r"nothing\.csv"):
        params.reference(workspace, "nothing.csv")


def test_every_round_of_the_demo_loads() -> None:
    for name in params.list_rounds(params.bundle()):
        assert params.load(name, params.bundle()).notice.startswith("合成数据")
