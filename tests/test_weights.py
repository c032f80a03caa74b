"""Raking against R, against row-by-row arithmetic, and every way in which it can be impossible."""

from __future__ import annotations

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evalpkg.weights import (
    WeightsError,
    calibration_frame,
    collapse,
    collapse_margins,
    rake,
    report,
    trim,
)

REFERENCE = Path(__file__).parent / "reference"

TEN = pd.DataFrame({"size": list("LMMSSSSSSS"), "place": ["east", "west"] * 5})
TEN_MARGINS: dict[Hashable, pd.Series] = {
    "size": pd.Series({"L": 5, "M": 35, "S": 60}),
    "place": pd.Series({"east": 70, "west": 30}),
}


def row_by_row(sample: pd.DataFrame, margins: Any, base: Any = None, sweeps: int = 200) -> np.ndarray:
    """Rake without cells: scale the rows of one category after the other."""
    w = np.ones(len(sample)) if base is None else np.array(base)
    rows = {(c, k): np.flatnonzero(sample[c] == k) for c, totals in margins.items() for k in totals.index}
    for _ in range(sweeps):
        for (column, category), inside in rows.items():
            w[inside] *= margins[column][category] / w[inside].sum()
    return w


# --- right numbers ----------------------------------------------------------------------------------------


def test_ten_rows_equal_row_by_row_raking() -> None:
    base = [1.0, 2.0, 1.0, 3.0, 1.0, 1.0, 2.0, 1.0, 1.0, 2.0]
    assert rake(TEN, TEN_MARGINS) == pytest.approx(row_by_row(TEN, TEN_MARGINS), rel=1e-9)
    assert rake(TEN, TEN_MARGINS, base) == pytest.approx(row_by_row(TEN, TEN_MARGINS, base), rel=1e-9)


@pytest.fixture(scope="module")
def schools() -> pd.DataFrame:
    key = {"cds": str}
    frame = pd.read_csv(REFERENCE / "api_apiclus1.csv", dtype=key)
    return frame.merge(pd.read_csv(REFERENCE / "api_apiclus1_weights_ref.csv", dtype=key), on=["cds", "pw"])


@pytest.fixture(scope="module")
def school_margins() -> dict[Hashable, pd.Series]:
    text = (REFERENCE / "survey_api_ref.json").read_text(encoding="utf-8")
    return {column: pd.Series(totals) for column, totals in json.loads(text)["population"].items()}


def test_schools_equal_r_survey(schools: pd.DataFrame, school_margins: dict[Hashable, pd.Series]) -> None:
    raked = rake(schools, school_margins, schools["pw"])
    assert raked == pytest.approx(schools["rake"].to_numpy(), rel=1e-8)
    assert raked == pytest.approx(schools["cal_raking"].to_numpy(), rel=1e-8)
    for column, totals in school_margins.items():
        reached = pd.Series(raked).groupby(schools[column]).sum()
        assert reached.to_numpy() == pytest.approx(totals.to_numpy(), rel=1e-10)


def test_one_margin_equals_r_post_stratification(schools: pd.DataFrame, school_margins: Any) -> None:
    raked = rake(schools, {"stype": school_margins["stype"]}, schools["pw"])
    assert raked == pytest.approx(schools["poststrat"].to_numpy(), rel=1e-12)


def test_firms_equal_r_calibrate() -> None:
    firms = pd.read_csv(REFERENCE / "cluster_sample.csv")
    expected = json.loads((REFERENCE / "cluster_sample_ref.json").read_text(encoding="utf-8"))
    margins: dict[Hashable, pd.Series] = {
        "size": pd.Series({"L": 180, "M": 420, "S": 800}),
        "place": pd.Series({"east": 600, "west": 800}),
    }
    assert rake(firms, margins, firms["base"]) == pytest.approx(expected["raked_weights"], rel=1e-9)


def test_crossed_margin_equals_the_joined_column() -> None:
    crossed = pd.Series(
        [3.0, 2, 15, 20, 32, 28],
        index=pd.MultiIndex.from_product([["L", "M", "S"], ["east", "west"]]),
    )
    sample = pd.concat([TEN, pd.DataFrame({"size": ["L"], "place": ["west"]})], ignore_index=True)
    joined = sample.assign(both=sample["size"] + sample["place"])
    flat = pd.Series(crossed.to_numpy(), index=[size + place for size, place in crossed.index])
    raked = rake(sample, {("size", "place"): crossed})
    assert raked == pytest.approx(rake(joined, {"both": flat}), rel=1e-12)
    assert raked[sample.eval("size == 'M' and place == 'west'")].sum() == pytest.approx(20)


def test_categorical_and_number_categories_are_categories_too() -> None:
    expected = rake(TEN, TEN_MARGINS)
    unused = pd.CategoricalDtype(["S", "M", "L", "never"])
    assert rake(TEN.astype({"size": unused}), TEN_MARGINS) == pytest.approx(expected, rel=1e-14)
    coded = TEN.assign(size=TEN["size"].map({"L": 1, "M": 2, "S": 3}))
    numbered = {**TEN_MARGINS, "size": pd.Series({1: 5, 2: 35, 3: 60})}
    assert rake(coded, numbered) == pytest.approx(expected, rel=1e-14)


def test_it_does_not_matter_how_pandas_holds_the_categories() -> None:
    rng = np.random.default_rng(4)
    place = np.array(["东区", "西区", "北区"])[rng.integers(0, 3, 600)]
    size = np.array(["大型", "小型"])[rng.integers(0, 2, 600)]
    margins: dict[Hashable, pd.Series] = {
        "size": pd.Series({"大型": 100, "小型": 900}),
        "place": pd.Series({"东区": 300, "西区": 500, "北区": 200}),
    }
    own = pd.DataFrame(
        {"size": ["".join(s) for s in size], "place": ["".join(p) for p in place]}, dtype=object
    )
    one = own.apply(lambda column: column.map({label: label for label in column.unique()}))
    kinds = [own, one, one.astype("str"), own.astype("category"), one.iloc[::-1].iloc[::-1]]
    assert [len({id(x) for x in kind["size"].to_numpy(dtype=object)}) > 2 for kind in kinds[:2]] == [
        True,
        False,
    ]
    expected = row_by_row(own, margins)
    for kind in kinds:
        assert rake(kind, margins) == pytest.approx(expected, rel=1e-9)


def test_equal_categories_that_are_several_objects_are_one_category() -> None:
    one, other = "east", "".join(["ea", "st"])
    assert one is not other
    sample = pd.DataFrame({"place": np.array([one, other, "west"] * 200, dtype=object)})
    margins: dict[Hashable, pd.Series] = {"place": pd.Series({"east": 400, "west": 600})}
    assert rake(sample, margins)[:3].tolist() == [1, 1, 3]
    gap = pd.DataFrame({"place": np.array([one, None, "west"] * 200, dtype=object)})
    with pytest.raises(WeightsError, match="边际“place”有 200 份答卷没有填"):
        rake(gap, margins)


def test_many_margins_do_not_run_out_of_cell_numbers() -> None:
    # ten margins of 20 categories have 10^13 crossings, of which 300 hold a respondent
    rng = np.random.default_rng(6)
    sample = pd.DataFrame(rng.integers(0, 20, (300, 10)), columns=list("abcdefghij"))
    margins: dict[Hashable, pd.Series] = {c: sample[c].value_counts().astype(float) for c in sample}
    assert rake(sample, margins) == pytest.approx(np.ones(300))


def test_rounding_between_margins_is_put_right_to_the_first() -> None:
    margins = {**TEN_MARGINS, "place": TEN_MARGINS["place"] * (1 + 5e-7)}
    assert rake(TEN, margins).sum() == pytest.approx(100, rel=1e-12)


@st.composite
def problems(draw: st.DrawFn) -> tuple[pd.DataFrame, dict[Hashable, pd.Series], np.ndarray]:
    """Draw a sample with margins that it can meet: those of other positive weights on the same rows."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(12, 80))
    columns = {f"m{j}": rng.integers(0, draw(st.integers(1, 5)), n) for j in range(draw(st.integers(1, 3)))}
    sample = pd.DataFrame(columns)
    truth = pd.Series(rng.uniform(0.5, 2, n))
    margins: dict[Hashable, pd.Series] = {name: truth.groupby(sample[name]).sum() for name in columns}
    base = rng.uniform(0.5, 3, n)
    assume(_converges(sample, margins, base))
    return sample, margins, base


def _converges(sample: pd.DataFrame, margins: dict[Hashable, pd.Series], base: np.ndarray) -> bool:
    """Tell whether raking gets there: a dozen rows in five categories may need more than its 1,000 sweeps."""
    try:
        rake(sample, margins, base)
    except WeightsError as error:
        assert "仍未收敛" in str(error)  # noqa: PT017 - any other refusal would be a fault
        return False
    return True


@given(problems())
def test_margins_are_met_and_weights_are_positive(problem: Any) -> None:
    sample, margins, base = problem
    raked = rake(sample, margins, base)
    assert (raked > 0).all()
    for column, totals in margins.items():
        assert pd.Series(raked).groupby(sample[column]).sum().to_numpy() == pytest.approx(totals, rel=1e-9)


@given(problems(), st.floats(1e-3, 1e3))
def test_scale_of_base_weights_does_not_matter(problem: Any, factor: float) -> None:
    sample, margins, base = problem
    assert rake(sample, margins, factor * base) == pytest.approx(rake(sample, margins, base), rel=1e-8)


@given(problems())
def test_order_of_rows_and_of_categories_does_not_matter(problem: Any) -> None:
    sample, margins, base = problem
    shuffled = np.random.default_rng(1).permutation(len(sample))
    turned = {column: totals[::-1] for column, totals in margins.items()}
    raked = rake(sample.iloc[shuffled], turned, base[shuffled])
    assert raked == pytest.approx(rake(sample, margins, base)[shuffled], rel=1e-8)


@given(problems())
def test_rows_of_one_cell_share_one_factor(problem: Any) -> None:
    sample, margins, base = problem
    factor = pd.Series(rake(sample, margins, base) / base)
    spread = factor.groupby([sample[column] for column in sample]).agg(lambda x: x.max() / x.min() - 1)
    assert (spread < 1e-12).all()


@given(problems())
def test_integer_base_weights_equal_duplicated_rows(problem: Any) -> None:
    sample, margins, base = problem
    copies = np.repeat(np.arange(len(sample)), np.ceil(base).astype(int))
    raked = pd.Series(rake(sample.iloc[copies], margins)).groupby(copies).sum()
    assert raked.to_numpy() == pytest.approx(rake(sample, margins, np.ceil(base)), rel=1e-8)


# --- what is refused --------------------------------------------------------------------------------------


def margins_with(**changes: Any) -> dict[Hashable, pd.Series]:
    return {**TEN_MARGINS, **changes}


IMPOSSIBLE = pd.DataFrame({"size": ["L", "L", "S"], "place": ["east", "east", "west"]})

REFUSED = [
    (TEN.iloc[:0], TEN_MARGINS, None, "样本里没有答卷"),
    (TEN, {}, None, "没有给出总体边际"),
    (TEN, margins_with(industry=pd.Series({"A": 100})), None, "没有边际用到的列“industry”"),
    (TEN.replace({"size": {"M": None}}), TEN_MARGINS, None, "边际“size”有 2 份答卷没有填"),
    (
        TEN,
        margins_with(size=pd.Series({"L": 40, "S": 60})),
        None,
        "边际“size”的类别“M”有 2 份答卷，总体表里没有",
    ),
    (
        TEN,
        margins_with(size=pd.Series({"L": 0, "M": 40, "S": 60})),
        None,
        "边际“size”的类别“L”总体为 0，却有 1 份",
    ),
    (
        TEN,
        margins_with(size=pd.Series({"G": 10, "L": 10, "M": 20, "S": 60})),
        None,
        "边际“size”的类别“G”总体有 10，",
    ),
    (TEN, TEN_MARGINS, [0, *[1] * 9], "边际“size”的类别“L”总体有 5，"),
    (
        TEN,
        margins_with(size=pd.Series({"L": 5, "M": 35, "S": 61})),
        None,
        "“size”的总体合计是 101，“place”的是 100",
    ),
    (TEN, margins_with(size=pd.Series({"L": -5, "M": 45, "S": 60})), None, "边际“size”的类别“L”的总体数不对"),
    (
        TEN,
        margins_with(size=pd.Series({"L": "五", "M": 45, "S": 60})),
        None,
        "边际“size”的类别“L”的总体数不对",
    ),
    (TEN, margins_with(size=pd.Series({"L": 0, "M": 0, "S": 0})), None, "边际“size”的总体合计为 0"),
    (TEN, margins_with(size=pd.Series([1, 2, 3], index=list("LSS"))), None, "类别“S”出现了两次"),
    ({"size": ["L", "S"]}, {"size": pd.Series({"L": 1, "S": 1})}, None, "样本不是 DataFrame"),
    (TEN, TEN_MARGINS, ["很多"] * 10, "基础权数不是一列数"),
    (TEN, TEN_MARGINS, [1, 1], "基础权数的形状是 (2,) 而样本有 10 份答卷"),
    (TEN, TEN_MARGINS, [*[1] * 9, -2], "基础权数第 10 个是 -2"),
    (
        IMPOSSIBLE,
        {"size": pd.Series({"L": 60, "S": 40}), "place": pd.Series({"east": 40, "west": 60})},
        None,
        "仍未收敛：边际“",
    ),
    (
        TEN,
        {("size", "place"): pd.Series([100.0], index=pd.MultiIndex.from_tuples([("L", "east")]))},
        None,
        "边际“size×place”的类别“M×west”有 1 份答卷，总体表里没有",
    ),
]


@pytest.mark.parametrize(("sample", "margins", "base", "words"), REFUSED, ids=[case[3] for case in REFUSED])
def test_impossible_weighting_is_refused_in_one_chinese_line(
    sample: pd.DataFrame, margins: Any, base: Any, words: str
) -> None:
    with pytest.raises(WeightsError) as refusal:
        rake(sample, margins, base)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_factors_that_run_away_are_no_convergence() -> None:
    # the one firm that could bring both margins together has base weight 0: its factor would grow without end
    sample = pd.DataFrame({"size": list("SSLL"), "place": list("ewwe")})
    margins: dict[Hashable, pd.Series] = {
        "size": pd.Series({"S": 80, "L": 20}),
        "place": pd.Series({"e": 50, "w": 50}),
    }
    for sweeps in (1000, 5000):
        with pytest.raises(WeightsError, match="仍未收敛"):
            rake(sample, margins, [0, 1, 1, 1], max_iterations=sweeps)


def test_a_tolerance_that_is_no_number_is_never_met() -> None:
    with pytest.raises(WeightsError, match="仍未收敛"):
        rake(TEN, TEN_MARGINS, tolerance=float("nan"))


def test_message_of_no_convergence_says_where_and_how_to_mend() -> None:
    margins: dict[Hashable, pd.Series] = {
        "size": pd.Series({"L": 60, "S": 40}),
        "place": pd.Series({"east": 40, "west": 60}),
    }
    with pytest.raises(WeightsError, match=r"在 25 次迭代后.*类别“(L|S|east|west)”.*collapse"):
        rake(IMPOSSIBLE, margins, max_iterations=25)


# --- report -----------------------------------------------------------------------------------------------


def test_report_compares_population_sample_and_weighted_sample() -> None:
    final = rake(TEN, TEN_MARGINS)
    result = report(TEN, TEN_MARGINS, final)
    table = result.table.set_index(["margin", "category"])
    assert list(table.columns) == ["population", "sample", "weighted", "deviation", "respondents"]
    assert table.loc[("size", "M")].to_numpy() == pytest.approx([35, 20, 35, 0, 2], abs=1e-7)
    assert table.loc[("place", "east")].to_numpy() == pytest.approx([70, 50, 70, 0, 5], abs=1e-7)
    assert result.design_effect == pytest.approx(10 * (final**2).sum() / final.sum() ** 2)
    assert result.effective_n == pytest.approx(10 / result.design_effect)
    assert result.smallest == pytest.approx(final.min() / 10)
    assert result.largest == pytest.approx(final.max() / 10)
    assert result.trimmed == 0
    assert result.untrimmed_design_effect == pytest.approx(result.design_effect)
    assert 1 < result.iterations < 100


def test_report_shows_what_trimming_did() -> None:
    final = rake(TEN, TEN_MARGINS)
    result = report(TEN, TEN_MARGINS, trim(final, 1.5))
    assert result.trimmed == int((final > 15).sum()) > 0
    assert result.largest == pytest.approx(1.5)
    assert result.design_effect < result.untrimmed_design_effect
    assert result.table["deviation"].abs().max() > 0.5


# --- trimming ---------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=60), st.floats(1.05, 10))
def test_trimming_caps_keeps_the_total_and_the_order(values: list[float], ratio: float) -> None:
    w = np.array(values)
    trimmed = trim(w, ratio)
    assert trimmed.sum() == pytest.approx(w.sum())
    assert trimmed.max() <= ratio * w.mean() * (1 + 1e-9)
    assert (np.diff(trimmed[np.argsort(w, kind="stable")]) >= -1e-9 * w.mean()).all()
    free = trimmed < ratio * w.mean() * (1 - 1e-9)
    if free.any():  # the others keep their proportions
        assert trimmed[free] / w[free] == pytest.approx((trimmed[free] / w[free])[0])


def test_trimming_that_nothing_exceeds_changes_nothing() -> None:
    assert trim([1.0, 2.0, 3.0], 5).tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("weights", "ratio", "words"),
    [([1, 2], 1, "截尾倍数是 1"), ([1, 2], float("nan"), "截尾倍数是 nan"), ([0, 0, 0, 5], 2, "太小")],
)
def test_impossible_trimming_is_refused(weights: list[float], ratio: float, words: str) -> None:
    with pytest.raises(WeightsError, match=words):
        trim(weights, ratio)


# --- categories -------------------------------------------------------------------------------------------


def test_collapse_merges_sample_and_margins_alike() -> None:
    rules = {"size": {"L": "M"}}
    sample, margins = collapse(TEN, rules), collapse_margins(TEN_MARGINS, rules)
    assert sample["size"].value_counts().to_dict() == {"S": 7, "M": 3}
    assert margins["size"].to_dict() == {"M": 40, "S": 60}
    assert TEN["size"].iloc[0] == "L"  # the input is left alone
    assert rake(sample, margins).sum() == pytest.approx(100)


def test_collapse_reaches_into_crossed_margins() -> None:
    index = pd.MultiIndex.from_product([["L", "M"], ["east", "west"]])
    margins = collapse_margins(
        {("size", "place"): pd.Series([1, 2, 30, 40], index=index)}, {"size": {"L": "M"}}
    )
    assert margins["size", "place"].to_dict() == {("M", "east"): 31, ("M", "west"): 42}


def test_collapse_keeps_missing_values_missing() -> None:
    sample = pd.DataFrame({"size": ["L", None, "S"]})
    assert collapse(sample, {"size": {"L": "M"}})["size"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"scale": {"L": "M"}}, "列“scale”不在样本里"),
        ({"size": {"L": "M", "M": "S"}}, "“M”既是合并目标又要被合并"),
    ],
)
def test_impossible_rule_is_refused(rules: dict[str, dict[str, str]], words: str) -> None:
    with pytest.raises(WeightsError, match=words):
        collapse(TEN, rules)


def test_calibration_frame_has_a_column_per_margin() -> None:
    frame = calibration_frame(
        TEN, {"size": pd.Series(dtype=float), ("size", "place"): pd.Series(dtype=float)}
    )
    assert list(frame.columns) == ["size", "size×place"]
    assert frame["size×place"].iloc[1] == "M×west"
    assert frame.index.equals(TEN.index)
