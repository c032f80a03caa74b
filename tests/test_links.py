"""complaints.links: written beside ticked, themes by group; complaints.groups: the groups themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from small_complaints import BASE, ITEMS, SIZES, City, coded, wave
from small_survey import item

from evalpkg import complaints, disclosure, outlook
from evalpkg import survey as surveys
from evalpkg.complaints import Coded
from evalpkg.complaints.coding import REST
from evalpkg.complaints.groups import LEAST, divided
from evalpkg.complaints.links import beside, by
from evalpkg.disclosure import Gate
from evalpkg.estimate import Design, Result
from evalpkg.params import ParamsError

GATE = Gate(k=10, min_raters=30)
OPTIONS = {"A": "题A", "B": "题B", "OTH": "其他", "NONE": "没有困难"}
ASKED = [*ITEMS, item("G1", "difficulty", type="multi", options=OPTIONS, exclusive="NONE")]
PARTS = ("ticked", "wrote", "wrote_of_ticked", "ticked_of_wrote")


def given(result: Result | None) -> Result:
    assert result is not None
    return result


# --- written beside ticked -------------------------------------------------------------------------------


def ticking(
    n: int = 400, seed: int = 0, *, weights: bool = True, skipped: int = 20, few: bool = False
) -> tuple[Coded, pd.DataFrame, pd.DataFrame]:
    """Return a round, who ticked what (NaN: did not answer) and who wrote what; C has no option."""
    rng = np.random.default_rng(seed)
    ticks = pd.DataFrame(
        {
            code: (rng.random(n) < share).astype(float)
            for code, share in (("A", 0.4), ("B", 0.2), ("OTH", 0.1))
        }
    )
    if few:
        ticks["B"] = (np.arange(n) < 9).astype(float)
    ticks.iloc[n - skipped :] = np.nan
    wrote = pd.DataFrame(
        {
            "A": rng.random(n) < 0.15 + 0.2 * ticks["A"].fillna(0),
            "B": rng.random(n) < 0.2,
            "C": rng.random(n) < 0.1,
        }
    )
    named = {code: np.flatnonzero(wrote[code]) + 1 for code in wrote}
    design = Design(rng.uniform(0.5, 2, n)) if weights else Design(np.ones(n))
    columns = {f"G1.{code}": ticks[code].to_numpy() for code in ticks}
    return (
        coded([wave("2022H2", named, n, columns=columns, design=design, items=ASKED)], ["A", "B", "C"]),
        ticks,
        wrote,
    )


def test_the_four_shares_by_hand() -> None:
    said, ticks, wrote = ticking()
    table = given(beside(said)).table.set_index("theme")
    w = said.survey.design.weights
    for code in ("A", "B"):
        t, x = ticks[code].to_numpy(), wrote[code].to_numpy(dtype=float)
        answered = ~np.isnan(t)
        of = {
            "ticked": (answered, t == 1),
            "wrote": (np.ones(len(t), dtype=bool), x == 1),
            "wrote_of_ticked": (t == 1, x == 1),
            "ticked_of_wrote": (answered & (x == 1), t == 1),
        }
        for name, (inside, has) in of.items():
            share = 100 * w[inside & has].sum() / w[inside].sum()
            assert table.loc[code, name] == pytest.approx(share)
            assert table.loc[code, [f"{name}_n", f"{name}_count"]].tolist() == [
                inside.sum(),
                (inside & has).sum(),
            ]
            assert table.loc[code, f"{name}_low"] < share < table.loc[code, f"{name}_high"]
        assert table.loc[code, "n"] == answered.sum()


def test_shares_are_those_of_the_other_chapters() -> None:
    said, _, _ = ticking()
    table = given(beside(said)).table.set_index("theme")
    ticked = given(outlook.difficulties(said.survey)).table.set_index("option")
    for code in ("A", "B"):
        assert table.loc[code, ["ticked", "ticked_low", "ticked_high"]].tolist() == pytest.approx(
            ticked.loc[code, ["estimate", "conf_low", "conf_high"]].tolist()
        )


def test_the_odds_ratio_is_that_of_the_cells_and_its_error_woolf_s() -> None:
    said, ticks, wrote = ticking(weights=False, skipped=0)
    row = given(beside(said)).table.set_index("theme").loc["A"]
    cells = pd.crosstab(ticks["A"], wrote["A"]).to_numpy()
    ratio = cells[1, 1] * cells[0, 0] / (cells[1, 0] * cells[0, 1])
    assert row["odds"] == pytest.approx(ratio)
    n = cells.sum()
    error = np.sqrt((1 / cells).sum() * n / (n - 1))
    half = stats.t.ppf(0.975, n - 1) * error
    assert [row["odds_low"], row["odds_high"]] == pytest.approx([ratio * np.exp(-half), ratio * np.exp(half)])


def test_a_cell_of_few_hides_the_odds_and_a_share_of_few_its_limits() -> None:
    said, _, _ = ticking(few=True)
    result = given(beside(said))
    row = result.table.set_index("theme").loc["B"]
    assert row["ticked_count"] == 9
    assert (
        row[["odds", "odds_low", "odds_high", "ticked_low", "wrote_of_ticked_high", "ticked_of_wrote_low"]]
        .isna()
        .all()
    )
    gated = GATE(result)
    assert gated is not None
    safe = gated.table.set_index("theme").loc["B"]
    assert safe[["ticked", "wrote_of_ticked", "ticked_of_wrote"]].isna().all()
    assert safe["ticked_bound"] > 0 and safe["ticked_count"] == 0 and safe["wrote"] > 0


def test_a_theme_without_an_option_is_listed_without() -> None:
    said, _, wrote = ticking()
    result = given(beside(said))
    assert result.table["theme"].tolist() == ["A", "B", "C"]
    row = result.table.set_index("theme").loc["C"]
    assert row["wrote_count"] == wrote["C"].sum() and row["n"] == 400
    assert row[["ticked", "wrote_of_ticked", "ticked_of_wrote", "odds"]].isna().all()
    assert result.extra["notes"] == ("问卷没有列出、只能写的：题C",)


def test_what_was_not_asked_is_not_compared() -> None:
    assert beside(None) is None
    assert beside(coded([wave("2022H2", {"A": [1, 2]})], ["A"])) is None  # no such question
    assert (
        beside(coded([wave("2022H2", {"A": [1, 2]}, items=ASKED)], ["A"])) is None
    )  # no answers in the export
    blank = {"G1.A": np.full(200, np.nan)}
    assert beside(coded([wave("2022H2", {"A": [1, 2]}, columns=blank, items=ASKED)], ["A"])) is None


@pytest.mark.parametrize("named", [{"A": range(1, 11)}, {"A": range(1, 201)}, {}, {REST: [1]}])
def test_odd_remarks_have_an_answer(named: dict[str, range]) -> None:
    columns = {"G1.A": np.tile([0.0, 1.0], 100)}
    result = given(beside(coded([wave("2022H2", named, columns=columns, items=ASKED)], ["A", "B"])))
    assert result.table["ticked"].iloc[0] == pytest.approx(50)
    assert GATE(result) is not None


@pytest.mark.validate
def test_intervals_of_the_odds_ratio_cover() -> None:
    """Themes and ticks that depend on the chamber and on each other: the true ratio is that of many respondents."""
    rng = np.random.default_rng(6)

    def drawn(n: int, chambers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        chamber = rng.integers(0, chambers, n)
        lift = rng.normal(0, 0.4, (chambers, 2))[chamber]
        ticked = rng.random(n) < 1 / (1 + np.exp(0.6 - lift[:, 0]))
        return chamber, ticked, rng.random(n) < 1 / (1 + np.exp(1.6 - 0.8 * ticked - lift[:, 1]))

    _, ticked, wrote = drawn(2_000_000, 200_000)
    cells = np.bincount(2 * ticked + wrote, minlength=4).reshape(2, 2)
    true = cells[1, 1] * cells[0, 0] / (cells[1, 0] * cells[0, 1])
    covered = []
    for _ in range(600):
        chamber, ticked, wrote = drawn(600, 40)
        columns = {"G1.A": ticked.astype(float)}
        named = {"A": np.flatnonzero(wrote) + 1}
        design = Design(np.ones(600), clusters=chamber)
        row = given(
            beside(coded([wave("2022H2", named, 600, columns=columns, design=design, items=ASKED)], ["A"]))
        ).table.iloc[0]
        covered.append(row["odds_low"] <= true <= row["odds_high"])
    assert 0.93 <= np.mean(covered) <= 0.97


# --- themes by group -------------------------------------------------------------------------------------


def by_size(n: int = 600, *, share: tuple[float, float] = (0.3, 0.1), seed: int = 1) -> Coded:
    """Return a round in which two sizes name A by these shares, and B alike."""
    rng = np.random.default_rng(seed)
    size = np.where(np.arange(n) < n // 2, "S", "X")
    a = rng.random(n) < np.where(size == "S", *share)
    named = {"A": np.flatnonzero(a) + 1, "B": np.flatnonzero(rng.random(n) < 0.2) + 1, "C": [1, n]}
    return coded(
        [wave("2022H2", named, n, columns={"size": size}, design=Design(rng.uniform(0.6, 1.6, n)))],
        ["A", "B", "C", "D"],
    )


def test_shares_and_differences_of_groups_by_hand() -> None:
    said = by_size()
    result = given(by(said, "size"))
    table = result.table.set_index(["group", "theme"])
    w, size = said.survey.design.weights, said.survey.responses["size"].to_numpy()
    names = said.holds(said.survey, ["A"])[:, 0]
    share = {code: 100 * (w * names)[size == code].sum() / w[size == code].sum() for code in "SX"}
    row = table.loc[("S", "A")]
    assert row["estimate"] == pytest.approx(share["S"])
    assert row["difference"] == pytest.approx(share["S"] - share["X"])
    assert row["difference_low"] < row["difference"] < row["difference_high"]
    assert [row["n"], row["count"], row["label"], row["group_label"]] == [
        300,
        names[size == "S"].sum(),
        "题A",
        "小型",
    ]
    assert table["differs"].to_dict() == {
        ("S", "A"): "more", ("S", "B"): "no", ("S", "C"): "no", ("X", "A"): "less", ("X", "B"): "no", ("X", "C"): "no",
    }  # fmt: skip
    assert result.name == "themes_by_size"
    assert result.extra["tested"] == 4  # C is named by two, D by nobody


def test_the_family_limits_are_bonferroni_s() -> None:
    """With equal weights and no clusters the limits are those of the profile likelihood at 1 - .05 / 4 (by a grid)."""
    said = by_size()
    said = replace(said, survey=replace(said.survey, design=Design(np.ones(600))))
    result = given(by(said, "size"))
    row = result.table.set_index(["group", "theme"]).loc[("S", "A")]
    count = result.table.set_index(["group", "theme"])["count"]
    one, other = int(count[("S", "A")]), int(count[("X", "A")])

    def fall(delta: float) -> float:
        p = np.linspace(max(0, -delta) + 1e-6, min(1, 1 - delta) - 1e-6, 200_001)
        best = (stats.binom.logpmf(one, 300, p + delta) + stats.binom.logpmf(other, 300, p)).max()
        top = stats.binom.logpmf(one, 300, one / 300) + stats.binom.logpmf(other, 300, other / 300)
        return float(np.sqrt(2 * (top - best)))

    critical = stats.norm.ppf(1 - 0.05 / 4 / 2)
    # the design effect is of the n/(n-1) kind and 1 at least, its degrees of freedom some hundreds
    assert fall(row["difference_low"] / 100) == pytest.approx(critical, rel=0.01)
    assert fall(row["difference_high"] / 100) == pytest.approx(critical, rel=0.01)


def test_no_difference_of_groups_tells_of_fewer_than_k() -> None:
    rng = np.random.default_rng(8)
    size = np.where(np.arange(400) < 200, "S", "X")
    named = {"A": [*range(1, 60), *range(201, 209)], "B": np.flatnonzero(rng.random(400) < 0.3) + 1}
    result = given(by(coded([wave("2022H2", named, 400, columns={"size": size})], ["A", "B"]), "size"))
    table = result.table.set_index(["group", "theme"])
    for group in "SX":  # one side of A has eight
        assert table.loc[(group, "A"), ["difference", "difference_low", "difference_high"]].isna().all()
        assert table.loc[(group, "B"), ["difference", "difference_low", "difference_high"]].notna().all()
    assert table.loc[("S", "A"), "differs"] == "more"
    gated = GATE(result)
    assert gated is not None
    assert gated.table.set_index(["group", "theme"]).loc[("X", "A"), "shown"] == "below"


def test_nearly_all_of_a_group_is_not_told() -> None:
    size = np.where(np.arange(400) < 200, "S", "X")
    named = {"A": range(1, 196), "B": range(150, 260)}
    table = given(by(coded([wave("2022H2", named, 400, columns={"size": size})], ["A", "B"]), "size")).table
    row = table.set_index(["group", "theme"]).loc[("S", "A")]
    assert row[["estimate", "conf_low", "conf_high", "difference"]].isna().all() and row["differs"] == "more"


def test_what_was_not_asked_is_not_divided_and_what_cannot_be_is_refused() -> None:
    said = by_size()
    assert by(None, "size") is None
    assert by(said, "mode") is None
    with pytest.raises(ParamsError, match="没有“A7”这种分组"):
        by(said, "A7")
    with pytest.raises(ParamsError, match="groups 里的“Z”不是规模的类别"):
        by(said, "size", {"Z": "大"})


def test_one_group_is_compared_with_nobody() -> None:
    said = coded([wave("2022H2", {"A": range(1, 50)}, 150, columns={"size": np.full(150, "S")})], ["A"])
    result = given(by(said, "size"))
    assert result.table.empty
    assert result.extra["notes"] == ("家数足够的组不到两个，无从比较",)
    assert GATE(result) is not None


def test_categories_are_taken_together_as_told() -> None:
    said = by_size()
    mixed = said.survey.responses.assign(mode=np.tile(["online", "paper", "phone"], 200))
    said = replace(said, survey=replace(said.survey, responses=mixed))
    result = given(by(said, "mode", {"online": "网上", "paper": "线下", "phone": "线下"}))
    assert result.table.groupby("group_label", sort=False)["n"].first().to_dict() == {
        "网上": 200,
        "线下": 400,
    }


TAX = [("D1", "税务局", "regulator"), ("D2", "人社局", "service")]


def test_departments_that_many_name_have_the_themes_of_those_complaints() -> None:
    texts = {(rid, "A"): "税务局开票太慢" for rid in range(1, 26)} | {
        (rid, "B"): "人社局招工没人管" for rid in range(20, 61)
    }
    texts |= {(rid, "B"): "没有点名" for rid in range(70, 90)}
    named = {"A": range(1, 26), "B": [*range(20, 61), *range(70, 90)]}
    result = given(by(coded([wave("2022H2", named, texts=texts, departments=TAX)], ["A", "B"]), "department"))
    table = result.table.set_index(["group_label", "theme"])
    assert table.groupby("group_label")["n"].first().to_dict() == {"税务局": 25, "人社局": 41}
    # who names both has A where the tax office is named, B where the other is
    assert table.loc[("税务局", "A"), "count"] == 25 and table.loc[("税务局", "B"), "count"] == 0
    assert table.loc[("人社局", "B"), "differs"] == "more" and table.loc[("人社局", "A"), "differs"] == "less"
    assert result.extra["left_out"] == ()


def test_a_department_that_few_name_is_left_out() -> None:
    texts = {(rid, "A"): "税务局开票太慢" for rid in range(1, 10)}
    result = given(
        by(coded([wave("2022H2", {"A": range(1, 30)}, texts=texts, departments=TAX)], ["A"]), "department")
    )
    assert result.table.empty
    assert result.extra["left_out"] == ("只列点名最多的部门，最多 4 个，每个至少有 10 家点名",)


def any_differs(rng: np.random.Generator, *, alike: bool) -> bool:
    said = City(rounds=2).drawn(rng)
    if alike:  # no size names a theme more often: sizes are shuffled within chambers and weights with them
        one = said.survey
        order = rng.permutation(one.n)
        responses = one.responses.assign(size=one.responses["size"].to_numpy()[order])
        design = Design(one.design.weights[order], clusters=one.design.clusters)
        said = replace(said, survey=replace(one, responses=responses, design=design))
    return bool((given(by(said, "size")).table["differs"] != "no").any())


def test_where_groups_are_alike_hardly_a_difference_is_seen() -> None:
    runs = 25
    seen = np.mean([any_differs(np.random.default_rng([4, run]), alike=True) for run in range(runs)])
    assert seen <= 0.05 + 2.33 * np.sqrt(0.05 * 0.95 / runs)
    assert len(BASE) == 12


@pytest.mark.validate
def test_the_rate_of_false_differences_in_many_worlds() -> None:
    seen = np.mean([any_differs(np.random.default_rng([5, run]), alike=True) for run in range(500)])
    assert seen <= 0.06


# --- groups ----------------------------------------------------------------------------------------------


def divided_by_size(counts: dict[str, int]) -> list[tuple[str, int]]:
    size = np.repeat(list(counts), list(counts.values()))
    one, _ = wave(
        "2022H2",
        n=len(size),
        columns={"size": size},
        items=[item("A6", "size", type="category", options=SIZES | {"G": "个体"})],
    )
    return [(group.code, int(group.inside(one.responses).sum())) for group in divided(one, "size").groups]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"L": 30, "M": 90, "S": 200, "X": 300}, [("L+M", 120), ("S", 200), ("X", 300)]),
        ({"L": 100, "M": 100, "S": 150, "X": 60}, [("L", 100), ("M", 100), ("S+X", 210)]),
        ({"L": 10, "M": 20, "S": 30}, []),
        (
            {"L": 100, "M": 120, "S": 150, "X": 300, "G": 300},
            [("L+M", 220), ("S", 150), ("X", 300), ("G", 300)],
        ),
    ],
)
def test_small_size_classes_stand_with_their_neighbours(
    counts: dict[str, int], expected: list[tuple[str, int]]
) -> None:
    assert divided_by_size(counts) == expected
    assert LEAST == 100


def test_districts_are_divided_by_the_kind_they_have_today() -> None:
    """A county-level city became a city district in March 2021, another was dissolved into one."""
    now = np.repeat(["LC", "XG", "YS", "SX", "LN", "GX"], [60, 60, 60, 70, 60, 20])
    before = np.repeat(["LC", "XG", "YS0", "SX", "LN", "JL"], [60, 60, 60, 70, 60, 20])
    one, _ = wave("2022H2", n=330, columns={"district": now})
    past, _ = wave("2020H2", n=330, columns={"district": before})
    found = divided(one, "district")
    assert [(group.code, int(group.inside(one.responses).sum())) for group in found.groups] == [
        ("市辖区", 180),
        ("县", 130),
    ]
    assert [int(group.inside(past.responses).sum()) for group in found.groups] == [200, 130]
    assert found.left_out == ("不足 100 家，不单列：功能区",)
    own = divided(past, "district")  # in its own round it was still a city by itself
    assert [int(group.inside(past.responses).sum()) for group in own.groups] == [140, 130]


def test_districts_without_a_kind_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "data" / "reference" / "districts.csv"
    table.parent.mkdir(parents=True)
    table.write_text("unit,name\nLC,老城区\n", encoding="utf-8")
    one, _ = wave("2022H2", n=300, columns={"district": np.tile(["LC", "XG", "YS", "SX", "LN"], 60)})
    one = replace(one, round=SimpleNamespace(**{**vars(one.round), "root": tmp_path}))  # type: ignore[arg-type]
    with pytest.raises(ParamsError, match="没有写明每个属于哪一类"):
        divided(one, "district")
    assert (
        len(divided(one, "district", {"LC": "城", "XG": "城", "YS": "城", "SX": "乡", "LN": "乡"}).groups)
        == 2
    )


def test_of_many_groups_the_largest_are_shown() -> None:
    industry = np.repeat(["a", "b", "c", "d", "e", "f"], [150, 160, 170, 180, 190, 50])
    one, _ = wave("2022H2", n=900, columns={"industry": industry})
    found = divided(one, "industry")
    assert [group.code for group in found.groups] == ["b", "c", "d", "e"]
    assert found.left_out == ("不足 100 家，不单列：f", "行业只列家数最多的 4 组，其余不单列：a")


# --- the demo --------------------------------------------------------------------------------------------


def test_the_demo_passes_the_gate(demo_root: Path) -> None:
    opened = surveys.open("2022H2", demo_root)
    said = complaints.coded(opened)
    assert said is not None
    gate = disclosure.gate(opened)
    for result in (beside(said), by(said, "size"), by(said, "district"), by(said, "department")):
        assert result is not None and gate(result) is not None
    table = given(beside(said)).table.set_index("theme")
    assert table.index[-1] == REST
    # who ticks a difficulty writes of it more often: so the demo was made, and the machine errs alike for all
    assert table["odds"].notna().sum() >= 5 and table["odds"].median() > 1.5
