"""registry: the file of ids and names, the status of themes in a round, and names that survive."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from coded_demo import ROUNDS, coded, mixed, of, true_themes

from evalpkg import disclosure, params
from evalpkg.complaints import Coded, History
from evalpkg.complaints.coding import REST
from evalpkg.complaints.lexicon import read as read_lexicon
from evalpkg.complaints.lineage.file import COLUMNS, FILE, STATUSES, of_lexicon
from evalpkg.complaints.lineage.registry import read, registry, update, write
from evalpkg.complaints.others import others
from evalpkg.params import ParamsError

HEAD = ",".join(COLUMNS)


def placed(root: Path, text: str | bytes) -> Path:
    """Put a registry file into a workspace."""
    path = root / "data" / "reference" / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8-sig"))
    return path


def table(*rows: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(COLUMNS), dtype=str).fillna("")


# --- the file ------------------------------------------------------------------------------------------


def test_without_a_file_the_registry_is_that_of_the_lexicon(tmp_path: Path) -> None:
    lexicon = read_lexicon(params.bundle(), "themes.csv")
    found = read(tmp_path)
    assert list(found.columns) == list(COLUMNS)
    assert dict(zip(found["id"], found["name"], strict=True)) == {c: t.label for c, t in lexicon.items()}
    assert (found[["since", "status", "parent", "evidence", "note"]] == "").all(axis=None)


def test_what_a_clerk_writes_is_read(tmp_path: Path) -> None:
    text = f"{HEAD},负责人\nFIN,融资难,2020H2,persists,,,,张\n\nT001,平台抽佣,2022H2,new,,词：平台,\n"
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        placed(tmp_path, text.encode(encoding))
        found = read(tmp_path)
        assert found["id"].tolist() == ["FIN", "T001"]
        assert found["负责人"].tolist() == ["张", ""]
        assert found.loc[1, "evidence"] == "词：平台"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "是空的；应有列 id、name、since、status、parent、evidence、note"),
        ("id,name,since,status\nFIN,融资,,\n", "缺少列 parent、evidence、note；应有"),
        (f"{HEAD},note\nFIN,,,,,,,\n", "列 note 有两个；每列只能有一个；请删去一个"),
        (f"{HEAD}\n,融资,,,,,\n", "第 2 行：id “”写法不对；只能用文字、数字、- 和 _，例如 T001；请改正"),
        (f"{HEAD}\nA B,融资,,,,,\n", "第 2 行：id “A B”写法不对"),
        (f"{HEAD}\nOTHER,其余,,,,,\n", "第 2 行：id OTHER 留给哪类都不属于的意见"),
        (f"{HEAD}\nFIN,融资,,,,,\nLAB,用工,,,,,\nFIN,又,,,,,\n", "第 2、4 行：id FIN 写了两次；每个 id 只能有一行；请合成一行"),
        (f"{HEAD}\nFIN,融资,,active,,,\n", "第 2 行：status “active”不认识；只能是 " + "、".join(STATUSES)),
        (f"{HEAD}\nFIN,融资,2022,,,,\n", "第 2 行：since “2022”不是轮次；应写成 2022H2 这样，或留空；请改正"),
        (f"{HEAD}\nFIN,融资,,,T9,,\n", "第 2 行：parent T9 不在表里；只能是表里的 id 或留空"),
        (f"{HEAD}\nFIN,融资,,,FIN,,\n", "第 2 行：parent 绕成了圈（FIN → FIN）"),
        (f"{HEAD}\nX,,,,A,,\nA,,,,B,,\nB,,,,C,,\nC,,,,A,,\n", "第 3 行：parent 绕成了圈（A → B → C → A）"),
        (f"{HEAD}\nFIN,融资,,,,贷款,抵押,多了\n", "第 2 行：格子比表头多；里面有逗号的文字要放在引号里"),
        (f'{HEAD}\nFIN,"融资,,,,,\n', "引号不成对"),
        (f"{HEAD}\nFIN,融资,,,,,\n".encode("utf-16"), "文字编码不是 UTF-8 也不是 GB18030；请在 Excel 里另存为"),
        (HEAD.encode() + b"\nFIN,\xff\xfe\x00,,,,,\n", "文字编码不是 UTF-8"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_in_one_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    placed(tmp_path, text)
    with pytest.raises(ParamsError) as caught:
        read(tmp_path)
    message = str(caught.value)
    assert message.startswith(FILE)
    assert said in message
    assert "\n" not in message


def test_writing_and_reading_again_gives_the_same(tmp_path: Path) -> None:
    new = table(
        {"id": "FIN", "name": "融资难", "since": "2020H2", "status": "persists"},
        {"id": "T001", "parent": "FIN"},
    )
    write(tmp_path / "data" / "reference" / FILE, new)
    pd.testing.assert_frame_equal(read(tmp_path), new)
    assert (
        placed(tmp_path, (tmp_path / "data" / "reference" / FILE).read_bytes()).read_bytes()[:3]
        == b"\xef\xbb\xbf"
    )


def test_writing_keeps_what_people_wrote(tmp_path: Path) -> None:
    path = placed(
        tmp_path,
        f"{HEAD},负责人\nFIN,融资难融资贵,2020H2,persists,,旧,先问银行,张\nT001,平台抽佣,2022H2,new,,词：平台,,李\n",
    )
    write(
        path,
        table(
            {"id": "FIN", "name": "融资难", "status": "changed", "evidence": "新"},
            {"id": "LAB", "name": "用工难"},
        ),
    )
    found = read(tmp_path).set_index("id")
    assert list(found.index) == ["FIN", "LAB", "T001"]  # a row that the new table does not know stays
    fin = found.loc["FIN"]
    assert (fin["name"], fin["note"], fin["负责人"]) == ("融资难融资贵", "先问银行", "张")
    assert (fin["status"], fin["evidence"]) == ("changed", "新")
    assert (found.loc["LAB", "name"], found.loc["LAB", "负责人"]) == ("用工难", "")
    assert found.loc["T001", "负责人"] == "李"


def test_writing_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = placed(tmp_path, f"{HEAD}\nFIN,融资难,,,,,\n")
    before = path.read_bytes()
    with pytest.raises(ParamsError, match="写了两次"):
        write(path, table({"id": "LAB"}, {"id": "LAB"}))
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write(path, table({"id": "LAB"}))
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [FILE]


def test_a_faulty_file_is_not_written_over(tmp_path: Path) -> None:
    path = placed(tmp_path, "id,name\nFIN,融资\n")
    with pytest.raises(ParamsError, match="缺少列"):
        write(path, table({"id": "FIN"}))
    assert path.read_text(encoding="utf-8-sig") == "id,name\nFIN,融资\n"


# --- statuses, made by hand ----------------------------------------------------------------------------

TOPICS = {
    "FIN": ("贷款", "银行", "抵押", "利息", "担保", "征信", "续贷", "过桥"),
    "LAB": ("招工", "技工", "培训", "社保", "流动", "工资", "年轻人", "留不住"),
    "PARK": ("停车", "车位", "贴条", "泊位", "占道", "卸货", "围挡", "收费"),
    "平台": ("平台", "抽佣", "流量", "推广", "差评", "直播", "店铺", "骑手"),
    "接班": ("接班", "老板", "孩子", "年纪", "传承", "家族", "二代", "转让"),
    "物业": ("物业", "电梯", "垄断", "保洁", "门禁", "公摊", "园区", "水管"),
}
FRAMES = ("我们企业{}问题突出", "这几年企业{}没人管", "小企业{}希望解决", "企业{}问题怎么办")
Plan = dict[str, dict[str, int]]


def spoken(said: Coded, plan: Plan, filed: dict[str, str] | None = None) -> Coded:
    """Return complaints of rounds: round -> topic -> respondents; topics not of the lexicon have no theme."""
    rng = np.random.default_rng(7)
    rows = []
    for round_id, topics in plan.items():
        place = 0
        for topic, n in topics.items():
            theme = (filed or {}).get(f"{round_id} {topic}", topic if topic in said.lexicon else REST)
            for _ in range(n):
                words = TOPICS[topic][0] + "".join(rng.choice(TOPICS[topic][1:], 3, replace=False))
                rows.append((round_id, place, theme, str(rng.choice(FRAMES)).format(words)))
                place += 1
    return of(said, rows)


@pytest.fixture
def said(demo_root: Path) -> Coded:
    return coded(demo_root)


def statuses(said: Coded, kept: pd.DataFrame | None = None) -> dict[str, tuple[str, str]]:
    result = registry(said, kept=of_lexicon(said.lexicon) if kept is None else kept)
    assert result is not None
    return {row.id: (row.status, row.parent) for row in result.table.itertuples()}


LAST, NOW = ROUNDS[-2], ROUNDS[-1]


def test_themes_persist_are_new_or_gone(said: Coded) -> None:
    plan: Plan = {
        ROUNDS[0]: {"PARK": 20},
        LAST: {"FIN": 30, "PARK": 9},
        NOW: {"FIN": 30, "LAB": 20, "PARK": 15},
    }
    assert statuses(spoken(said, plan)) == {
        "FIN": ("persists", ""),
        "LAB": ("new", ""),
        "PARK": ("persists", ""),  # k respondents named it before, if not last time
    }
    gone = statuses(spoken(said, {LAST: {"FIN": 30, "LAB": 30}, NOW: {"FIN": 30, "LAB": 9}}))
    assert gone == {"FIN": ("persists", ""), "LAB": ("gone", "")}


def test_a_theme_under_which_something_else_is_filed_has_changed(said: Coded) -> None:
    """From one round to the next, what is filed under PARK is all about platforms."""
    plan: Plan = {LAST: {"FIN": 30, "PARK": 30}, NOW: {"FIN": 30, "平台": 30}}
    drifted = spoken(said, plan, {f"{NOW} 平台": "PARK"})
    assert statuses(drifted) == {"FIN": ("persists", ""), "PARK": ("changed", "")}
    result = registry(drifted, kept=of_lexicon(said.lexicon))
    assert result is not None
    similar = result.table.set_index("id")["similarity"]
    assert similar["PARK"] < 50 < 80 < similar["FIN"]


OLD: Plan = {
    ROUNDS[0]: {"接班": 30, "物业": 30},
    ROUNDS[1]: {"接班": 30, "物业": 30},
    ROUNDS[2]: {"接班": 30, "物业": 30},
    LAST: {"接班": 30, "物业": 30},
}


def test_groups_of_the_rest_persist_under_the_id_of_their_first_round(said: Coded) -> None:
    found = statuses(spoken(said, {**OLD, NOW: {"接班": 35, "物业": 28}}))
    assert len(found) == 2
    assert all(one.startswith(f"N{ROUNDS[0]}-") for one in found)
    assert set(found.values()) == {("persists", "")}


def test_a_new_matter_is_new_in_its_round_and_only_there(said: Coded) -> None:
    now = spoken(said, {**OLD, NOW: {"接班": 30, "物业": 30, "平台": 30}})
    result = registry(now, kept=of_lexicon(said.lexicon))
    assert result is not None
    new = result.table[result.table["status"] == "new"]
    assert len(new) == 1
    row = new.iloc[0]
    assert row["id"].startswith(f"N{NOW}-")
    assert "平台" in row["words"].split("、") and row["label"] == "、".join(row["words"].split("、")[:2])
    assert (row["count"], row["before_count"]) == (30, 0)
    assert row["fresh"] > 90 and row["similarity"] < 80


def test_noise_is_never_new_nor_told(said: Coded) -> None:
    """The same words dealt out anew in every round."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        vocabulary = [word for words in TOPICS.values() for word in words]
        rows = [
            (round_id, place, REST, "".join(rng.choice(vocabulary, 4)))
            for round_id in ROUNDS
            for place in range(80)
        ]
        assert statuses(of(said, rows)) == {}


def test_a_name_that_a_person_wrote_stays_with_its_group(said: Coded) -> None:
    """Named, given an id of its own, and found again in the next round by its words, whatever number it has there."""
    first = spoken(
        said, {**{one: OLD[one] for one in ROUNDS[:3]}, LAST: {"接班": 30, "物业": 30, "平台": 30}}
    )
    earlier = replace(first, survey=first.history.rounds[-1], history=History(first.history.rounds[:-1]))
    proposed = update(of_lexicon(said.lexicon), earlier)
    (candidate,) = [
        row for row in proposed.to_dict("records") if row["status"] == "new" and row["since"] == LAST
    ]
    assert (candidate["name"], candidate["since"]) == ("", LAST)
    kept = proposed.replace({"id": {candidate["id"]: "T001"}})
    kept.loc[kept["id"] == "T001", ["name", "note"]] = "平台抽佣", "请市场监管局看"
    then = spoken(
        said, {**OLD, LAST: {"接班": 30, "物业": 30, "平台": 30}, NOW: {"平台": 40, "接班": 30, "物业": 30}}
    )
    result = registry(then, kept=kept)
    assert result is not None
    row = result.table.set_index("id").loc["T001"]
    assert (row["label"], row["status"], row["count"], row["before_count"]) == (
        "平台抽佣",
        "persists",
        40,
        30,
    )
    again = update(kept, then).set_index("id")
    assert again.loc["T001", ["name", "note", "since", "status"]].tolist() == [
        "平台抽佣", "请市场监管局看", LAST, "persists",
    ]  # fmt: skip


def test_a_registered_group_that_is_not_named_any_more_is_gone_and_keeps_its_words(said: Coded) -> None:
    before = {**OLD, LAST: {"接班": 30, "物业": 30, "平台": 30}}
    kept = pd.concat(
        [
            of_lexicon(said.lexicon),
            table({"id": "T001", "name": "平台抽佣", "status": "new", "evidence": "词：平台"}),
        ]
    )
    then = spoken(said, {**before, NOW: {"接班": 30, "物业": 30, "平台": 3}})
    row = registry(then, kept=kept).table.set_index("id").loc["T001"]  # type: ignore[union-attr]
    assert (row["status"], row["before_count"]) == ("gone", 30)
    assert row["count"] < said.survey.round.k
    again = update(kept, then).set_index("id").loc["T001"]
    assert again["status"] == "gone"
    assert again["evidence"].startswith("词：平台；")
    assert "不足 10 家" in again["evidence"]


def test_a_registered_group_that_is_found_nowhere_is_gone(said: Coded) -> None:
    lost = table({"id": "T009", "name": "从前的事", "status": "persists", "evidence": "词：从前、旧事"})
    kept = pd.concat([of_lexicon(said.lexicon), lost])
    then = spoken(said, {**OLD, NOW: {"接班": 30, "物业": 30}})
    assert statuses(then, kept)["T009"] == ("gone", "")
    assert "T009" not in statuses(then, kept.replace({"status": {"persists": "gone"}}))
    assert update(kept, then).set_index("id").loc["T009", ["name", "status"]].tolist() == ["从前的事", "gone"]


def test_an_id_that_is_taken_is_given_to_no_other_group(said: Coded) -> None:
    then = spoken(said, {**OLD, NOW: {"接班": 35, "物业": 28}})
    taken = sorted(statuses(then))
    kept = pd.concat(
        [
            of_lexicon(said.lexicon),
            table(*({"id": one, "name": "别的事", "evidence": "词：别处、从前"} for one in taken)),
        ]
    )
    found = statuses(then, kept)
    assert set(taken).isdisjoint(one for one, (status, _) in found.items() if status != "gone")


def test_update_changes_nothing_it_was_given(said: Coded) -> None:
    kept = of_lexicon(said.lexicon).assign(负责人="张")
    before = kept.copy()
    then = spoken(said, {**OLD, NOW: {"接班": 35, "平台": 28}})
    proposed = update(kept, then)
    pd.testing.assert_frame_equal(kept, before)
    assert list(proposed.columns) == list(before.columns)
    assert proposed["id"].tolist()[: len(before)] == before["id"].tolist()
    assert proposed["id"].is_unique


def test_a_first_round_registers_what_is_named(said: Coded) -> None:
    alone = spoken(said, {NOW: {"FIN": 30, "LAB": 5}})
    alone = replace(alone, history=History())
    assert registry(alone) is None
    proposed = update(of_lexicon(said.lexicon), alone).set_index("id")
    assert proposed.loc["FIN", ["since", "status"]].tolist() == [NOW, "new"]
    assert proposed.loc["LAB", ["since", "status"]].tolist() == ["", ""]


def test_a_faulty_file_stops_the_analysis(said: Coded, tmp_path: Path) -> None:
    placed(tmp_path, f"{HEAD}\nFIN,融资,,active,,,\n")
    elsewhere = replace(said.survey, round=said.survey.round.model_copy(update={"root": tmp_path}))
    with pytest.raises(ParamsError, match="active"):
        registry(replace(said, survey=elsewhere))


# --- what may be published -----------------------------------------------------------------------------


def test_nothing_of_fewer_than_k_passes_the_gate_or_stands_in_the_file(said: Coded) -> None:
    then = spoken(said, {LAST: {"FIN": 30, "LAB": 4, "PARK": 30}, NOW: {"FIN": 30, "LAB": 30, "PARK": 3}})
    result = registry(then, kept=of_lexicon(said.lexicon))
    assert result is not None
    passed = disclosure.gate(said.survey)(result).table.set_index("id")  # type: ignore[union-attr]
    assert np.isnan(passed.loc["PARK", "estimate"]) and passed.loc["PARK", "count"] == 0
    assert np.isnan(passed.loc["LAB", "before"]) and passed.loc["LAB", "before_count"] == 0
    assert passed.loc[["LAB", "PARK"], "similarity"].isna().all()
    evidence = update(of_lexicon(said.lexicon), then).set_index("id")["evidence"]
    assert evidence["PARK"].endswith(f"{NOW} 不足 10 家")
    assert f"{LAST} 不足 10 家" in evidence["LAB"]


def test_shares_of_both_rounds_by_hand(said: Coded) -> None:
    result = registry(said)
    assert result is not None
    row = result.table.set_index("id").loc["FIN"]
    for survey, share, count in (
        (said.survey, "estimate", "count"),
        (said.history.rounds[-1], "before", "before_count"),
    ):
        rids = said.complaints(survey).query("theme == 'FIN'")["rid"].unique()
        inside, weights = survey.responses.index.isin(rids), survey.design.weights
        assert row[share] == pytest.approx(100 * weights[inside].sum() / weights.sum())
        assert row[count] == inside.sum()
    assert row["before_n"] == said.history.rounds[-1].n


# --- the demo ------------------------------------------------------------------------------------------


def test_the_order_of_rows_changes_no_status(said: Coded) -> None:
    straight, other = registry(said), registry(mixed(said))
    assert straight is not None and other is not None
    numbers = ["similarity", "fresh"]
    pd.testing.assert_frame_equal(straight.table.drop(columns=numbers), other.table.drop(columns=numbers))
    np.testing.assert_allclose(straight.table[numbers], other.table[numbers], atol=0.01)


@pytest.mark.parametrize("round_id", ROUNDS[1:])
def test_lexicon_themes_of_the_demo_never_change_what_they_are(demo_root: Path, round_id: str) -> None:
    """Wording drifts from round to round, but what is filed under a theme stays the same matter."""
    result = registry(coded(demo_root, round_id))
    assert result is not None
    themes = result.table[result.table["kind"] == "theme"]
    assert set(themes["status"]) <= {"persists", "gone", "new"}
    assert themes["similarity"].min() > 60  # 77 seen; "changed" is under 50


@pytest.mark.parametrize("round_id", ROUNDS[1:])
def test_the_planted_theme_is_new_in_its_round_and_no_other(demo_root: Path, round_id: str) -> None:
    said = coded(demo_root, round_id)
    found = others(said)
    assert found is not None
    result = registry(said, found)
    assert result is not None
    new = result.table.query("kind == 'cluster' and status == 'new'")
    planted = json.loads((demo_root / "data/raw/truth.json").read_text(encoding="utf-8"))["city"]["new_theme"]
    if round_id != planted["since"]:
        assert new.empty
        return
    assert len(new) == 1
    groups = found.extra["groups"]
    code = new["id"].iloc[0].removeprefix(f"N{round_id}-")
    pieces = said.pieces.loc[groups.index[groups["cluster"] == code]]
    held = Counter(planted["theme"] in themes for themes in true_themes(demo_root, pieces))
    assert held[True] > 0.8 * held.total()
