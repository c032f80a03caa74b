"""The ledger of measures: read as people keep it, refused whole with one line that says cell, rule and remedy."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from evalpkg import measures, params
from evalpkg.measures.ledger import COLUMNS
from evalpkg.params import ParamsError

GOOD = {
    "measure_id": "ME-001", "title": "二十三条", "department": "D29", "announced": "2021-09-06",
    "effective": "2021-09-15", "ended": "", "target_items": "C_D29;E4;LEGAL", "coverage": "all", "source_round": "2021H1",
    "dose": "", "evidence": "示例", "registered_on": "2021-09-20",
}  # fmt: skip


@dataclass(frozen=True)
class Workspace:
    """A workspace with parameters and a ledger that a test writes."""

    root: Path

    def ledger(
        self, *rows: dict[str, str], header: tuple[str, ...] = COLUMNS, encoding: str = "utf-8-sig"
    ) -> None:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(header)
        for row in rows:
            writer.writerow([row.get(column, "") for column in header])
        self.written(text.getvalue().encode(encoding))

    def written(self, raw: bytes) -> None:
        path = self.root / "data/raw/measures.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)

    def read(self) -> measures.Registry:
        return measures.registry(params.load("2022H2", self.root))

    def fault(self) -> str:
        with pytest.raises(ParamsError) as refused:
            self.read()
        assert refused.value.code == "E-MEASURE"
        assert "\n" not in str(refused.value)
        return str(refused.value)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    shutil.copytree(params.bundle() / "params", tmp_path / "params")
    return Workspace(tmp_path)


def test_a_measure_is_read_with_its_dates_and_targets(workspace: Workspace) -> None:
    workspace.ledger(GOOD)
    (found,) = workspace.read().measures
    assert found == measures.Measure(
        "ME-001", "二十三条", ("D29",), date(2021, 9, 6), date(2021, 9, 15), None, ("C_D29", "E4", "LEGAL"), "", "2021H1",
        date(2021, 9, 20), "示例",
    )  # fmt: skip


def test_no_ledger_is_no_fault(workspace: Workspace) -> None:
    found = workspace.read()
    assert (found.measures, found.found) == ((), False)


def test_a_ledger_with_only_its_header_has_no_measures(workspace: Workspace) -> None:
    workspace.ledger()
    assert (workspace.read().measures, workspace.read().found) == ((), True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("cell", ["D29;D12", "法院、城管局", "D29， D12", "D29；D12；D29"])
def test_several_departments_stand_in_one_cell(workspace: Workspace, encoding: str, cell: str) -> None:
    workspace.ledger({**GOOD, "department": cell, "target_items": "C_D29;C_D12"}, encoding=encoding)
    (found,) = workspace.read().measures
    assert (found.departments, found.targets) == (("D29", "D12"), ("C_D29", "C_D12"))


def test_without_a_day_of_effect_it_is_the_day_of_announcement(workspace: Workspace) -> None:
    workspace.ledger({**GOOD, "effective": "", "announced": "2021年9月6日", "registered_on": "2021/9/20"})
    (found,) = workspace.read().measures
    assert (found.effective, found.registered) == (date(2021, 9, 6), date(2021, 9, 20))


@pytest.mark.parametrize(
    ("changes", "cell", "said"),
    [
        ({"measure_id": ""}, "A2", "都必须填"),
        ({"measure_id": "1"}, "A2", "应为 ME-001"),
        ({"title": ""}, "B2", "都必须填"),
        ({"department": "D99"}, "C2", "不认识“D99”；可用的是 D01 至 D35"),
        ({"department": "；"}, "C2", "里没有内容"),
        ({"announced": "06/09/2021"}, "D2", "日期“06/09/2021”读不出；应写成 2021-09-15"),
        ({"announced": ""}, "D2", "都必须填"),
        ({"effective": "2021-09-01"}, "E2", "实施日 2021-09-01 早于发文日 2021-09-06"),
        ({"effective": "2021-02-30"}, "E2", "读不出"),
        ({"ended": "2021-09-10"}, "F2", "终止日 2021-09-10 早于实施日 2021-09-15"),
        ({"ended": "去年"}, "F2", "读不出"),
        ({"target_items": "C_D99"}, "G2", "不认识“C_D99”"),
        ({"target_items": "X7"}, "G2", "可用的是部门得分（C_ 加部门代码"),
        ({"target_items": "C_D12"}, "G2", "不是本措施部门的得分"),
        ({"target_items": ""}, "G2", "都必须填"),
        ({"source_round": "2021"}, "I2", "应为 2021H1 这样"),
        ({"source_round": "2022H1"}, "I2", "起因轮次 2022H1 不早于实施日 2021-09-15"),
        ({"registered_on": ""}, "L2", "都必须填"),
        ({"registered_on": "下周"}, "L2", "读不出"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_named_with_what_is_allowed(
    workspace: Workspace, changes: dict[str, str], cell: str, said: str
) -> None:
    workspace.ledger(GOOD | changes)
    fault = workspace.fault()
    assert fault.startswith(f"measures.csv {cell}：")
    assert said in fault
    assert fault.endswith("（E-MEASURE）")
    assert any(word in fault for word in ("请改正", "请补上", "请核对"))


def test_an_id_may_stand_once(workspace: Workspace) -> None:
    workspace.ledger(GOOD, {**GOOD, "title": "别的"})
    assert workspace.fault().startswith("measures.csv A3：编号 ME-001 与第 2 行重复")


def test_one_bad_row_refuses_the_whole_file_and_says_how_many_more(workspace: Workspace) -> None:
    workspace.ledger(GOOD, {**GOOD, "measure_id": "ME-002", "department": "D99"}, {**GOOD, "measure_id": "?"})
    fault = workspace.fault()
    assert fault.startswith("measures.csv C3：")
    assert "（另有 1 处）" in fault


def test_long_cells_are_cut(workspace: Workspace) -> None:
    workspace.ledger({**GOOD, "department": "某" * 500})
    assert len(workspace.fault()) < 120


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (("measure_id", "title"), "第 1 行：缺少列 department、announced"),
        ((*COLUMNS, "efective"), "measures.csv M1：没有“efective”这一列；只能是 measure_id"),
        ((*COLUMNS, "title"), "measures.csv M1：列 title 有两个"),
    ],
)
def test_a_bad_header_is_refused(workspace: Workspace, header: tuple[str, ...], said: str) -> None:
    workspace.ledger(GOOD, header=header)
    assert said in workspace.fault()


def test_cells_beyond_the_header_are_refused(workspace: Workspace) -> None:
    workspace.ledger()
    path = workspace.root / "data/raw/measures.csv"
    path.write_bytes(path.read_bytes() + ",".join(["x"] * 13).encode())
    assert workspace.fault().startswith("measures.csv M2：格子比表头多；")


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe\x00", b'measure_id,"title\n'])
def test_a_file_that_is_no_table_is_refused(workspace: Workspace, raw: bytes) -> None:
    workspace.written(raw)
    assert "measures.csv" in workspace.fault()


def test_the_demo_ledger_is_read(demo_root: Path) -> None:
    found = measures.registry(params.load("2020H2", demo_root))
    assert [measure.id for measure in found.measures] == [f"ME-{number:03d}" for number in range(1, 9)]
    assert {found.targets[code].kind for measure in found.measures for code in measure.targets} == {
        "department",
        "score",
        "share",
    }
