"""survey: the recipe from raw files to weights, on the demo and on ten rows."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evalpkg import estimate, params, survey, weights
from evalpkg.params import ParamsError


@pytest.fixture(scope="module")
def opened(demo_root: Path) -> survey.Survey:
    return survey.open("2022H2", demo_root)


def test_the_demo_opens_with_every_questionnaire_it_returned(opened: survey.Survey) -> None:
    assert opened.n == opened.round.fieldwork.returned == opened.counts["kept"]
    by_mode = opened.responses["mode"].value_counts().to_dict()
    assert by_mode == {mode: channel.returned for mode, channel in opened.round.fieldwork.channels.items()}


def test_weights_reproduce_the_population(opened: survey.Survey) -> None:
    margins = pd.read_csv(opened.round.raw / "margins.csv", encoding="utf-8-sig")
    weights = pd.Series(opened.design.weights, index=opened.responses.index)
    for column in ("district", "size", "industry"):
        population = margins.groupby(column)["N"].sum()
        filled = weights.groupby(opened.responses[column]).sum()
        if opened.guessed[column] == 0:
            np.testing.assert_allclose(filled[population.index], population, rtol=1e-8)
    assert weights.sum() == pytest.approx(margins["N"].sum(), rel=1e-8)


def test_chambers_are_the_clusters(opened: survey.Survey) -> None:
    assert opened.design.n_clusters == opened.responses["chamber"].nunique()


def test_industries_are_report_groups(opened: survey.Survey) -> None:
    assert "工业" in set(opened.responses["industry"])
    assert not {"A", "B", "C"} & set(opened.responses["industry"])


def test_opening_twice_gives_the_same(opened: survey.Survey, demo_root: Path) -> None:
    again = survey.open("2022H2", demo_root)
    pd.testing.assert_frame_equal(opened.responses, again.responses)
    np.testing.assert_array_equal(opened.design.weights, again.design.weights)


def round_of(**changes: Any) -> Any:
    base = {"id": "2022H2", "raking": [["size"]], "collapse": {}, "recruitment": "direct"}
    return SimpleNamespace(**{**base, **changes}, seed_for=lambda task: 7)


def ten() -> pd.DataFrame:
    rid = pd.RangeIndex(1, 11, name="rid")
    size = ["L", "S", "S", None, "S", "S", "L", "S", "S", "S"]
    place = ["east", None, "east", "west", "west", "east", "west", "west", None, "east"]
    return pd.DataFrame({"size": size, "district": place}, index=rid)


def test_a_blank_margin_is_filled_from_the_same_size_and_counted() -> None:
    frame, guessed = survey.calibration(ten(), round_of(raking=[["size"], ["district"]]))
    assert guessed == {"size": 1, "district": 2}
    assert frame.notna().all(axis=None)
    known = ten().notna()
    assert (frame[known] == ten()[known]).sum().sum() == known.sum().sum()


def test_collapse_rules_apply_to_the_sample() -> None:
    frame, _ = survey.calibration(
        ten(), round_of(collapse={"size": {"L": "S"}, "industry": {"农业": "工业"}})
    )
    assert set(frame["size"]) == {"S"}


def test_a_margin_that_was_not_asked_is_refused() -> None:
    with pytest.raises(ParamsError, match=r"没有的列：turnover；可用的是 district"):
        survey.calibration(ten(), round_of(raking=[["turnover"]]))


def test_a_cluster_that_was_not_asked_is_refused(demo_root: Path) -> None:
    with pytest.raises(ParamsError, match="没有 chamber 这道题"):
        survey._clusters(ten(), round_of(recruitment="chambers"))


def test_a_firm_that_names_no_district_is_its_own_cluster() -> None:
    clusters = survey._clusters(ten(), round_of(recruitment="districts"))
    assert clusters is not None
    assert len(set(clusters)) == 2 + 2


def test_margins_of_another_round_are_refused(demo_root: Path, tmp_path: Path) -> None:
    round_ = params.load("2022H2", demo_root).model_copy(update={"root": tmp_path})
    round_.raw.mkdir(parents=True)
    (round_.raw / "margins.csv").write_text(
        "round,district,size,industry,N\n2020H2,LC,L,工业,5\n", encoding="utf-8"
    )
    with pytest.raises(ParamsError, match="没有轮次 2022H2 的行"):
        survey.population_margins(round_)
    (round_.raw / "margins.csv").write_text("round,district,size\n2022H2,LC,L\n", encoding="utf-8")
    with pytest.raises(ParamsError, match="缺少列 N、employment、industry"):
        survey.population_margins(round_)


# --- workspaces of their own: parameters, raw files, weights together --------------------------------------


@pytest.fixture
def workspace(demo_root: Path, tmp_path: Path) -> Path:
    """Copy one round of the demo, for tests that change its parameters or its population."""
    (tmp_path / "params").mkdir()
    for name in ("_defaults.yaml", "2022H2.yaml"):
        shutil.copy(demo_root / "params" / name, tmp_path / "params" / name)
    shutil.copytree(demo_root / "data" / "raw" / "2022H2", tmp_path / "data" / "raw" / "2022H2")
    return tmp_path


def decide(workspace: Path, text: str) -> None:
    path = workspace / "params" / "2022H2.yaml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{text}\n", encoding="utf-8")


def register(workspace: Path) -> pd.DataFrame:
    return pd.read_csv(workspace / "data" / "raw" / "2022H2" / "margins.csv", encoding="utf-8-sig")


def enrol(workspace: Path, table: pd.DataFrame) -> None:
    table.to_csv(workspace / "data" / "raw" / "2022H2" / "margins.csv", index=False)


def sums(frame: pd.DataFrame, by: list[str], values: Any) -> pd.Series:
    return pd.Series(values, index=frame.index).groupby([frame[column] for column in by]).sum()


def test_persons_employed_are_reproduced_in_every_margin(opened: survey.Survey) -> None:
    margins = pd.read_csv(opened.round.raw / "margins.csv", encoding="utf-8-sig")
    assert opened.employment is not None
    for column in ("district", "size", "industry"):
        if opened.guessed[column] == 0:
            filled = sums(opened.responses, [column], opened.employment.weights)
            population = margins.groupby(column)["employment"].sum()
            np.testing.assert_allclose(filled[population.index], population, rtol=1e-8)
    assert opened.employment.weights.sum() == pytest.approx(margins["employment"].sum(), rel=1e-8)
    np.testing.assert_array_equal(opened.employment.cluster_codes, opened.design.cluster_codes)


def test_persons_start_from_what_an_enterprise_of_the_size_and_industry_employs(
    opened: survey.Survey,
) -> None:
    table = survey.population(opened.round)
    categories, _ = survey.calibration(opened.responses, opened.round)
    persons = survey._persons(categories, table, "employment")
    for row in (0, 17, 500):
        size, industry = categories["size"].iloc[row], categories["industry"].iloc[row]
        cell = table[(table["size"] == size) & (table["industry"] == industry)]
        assert persons[row] == pytest.approx(cell["employment"].sum() / cell["N"].sum())
    without = table[~((table["size"] == "S") & (table["industry"] == "工业"))]
    fallen = survey._persons(categories, without, "employment")
    small = without[without["size"] == "S"]
    there = ((categories["size"] == "S") & (categories["industry"] == "工业")).to_numpy()
    assert fallen[there] == pytest.approx(small["employment"].sum() / small["N"].sum())
    assert fallen[~there] == pytest.approx(persons[~there])


def test_a_round_that_counts_no_persons_has_one_weighting(workspace: Path) -> None:
    decide(workspace, "employment: null")
    enrol(workspace, register(workspace).drop(columns="employment"))
    assert survey.open("2022H2", workspace).employment is None


def test_a_column_of_persons_that_is_not_there_is_refused(workspace: Path) -> None:
    enrol(workspace, register(workspace).drop(columns="employment"))
    with pytest.raises(ParamsError) as refusal:
        survey.population(params.load("2022H2", workspace))
    words = (
        "总体结构文件 margins.csv：缺少列 employment；没有从业人员数就在参数里写 employment: null（E-PARAMS）"
    )
    assert str(refusal.value) == words


@pytest.mark.parametrize(("column", "value"), [("employment", "约三百"), ("N", "-4"), ("N", "")])
def test_a_count_that_is_no_number_is_refused_with_its_line(workspace: Path, column: str, value: str) -> None:
    table = register(workspace).astype({column: object})
    table.loc[2, column] = value
    enrol(workspace, table)
    with pytest.raises(ParamsError) as refusal:
        survey.population(params.load("2022H2", workspace))
    assert str(refusal.value).startswith(f"总体结构文件 margins.csv 第 4 行：{column} 只能是不小于 0 的数")


def test_size_without_persons_is_refused_as_a_matter_of_persons(
    workspace: Path, opened: survey.Survey
) -> None:
    table = register(workspace)
    table.loc[table["size"] == "G", "employment"] = 0
    enrol(workspace, table)
    categories, _ = survey.calibration(opened.responses, opened.round)
    with pytest.raises(
        weights.WeightsError, match=r"^按从业人员加权（employment）：边际“size”的类别“G”总体为 0"
    ):
        survey.employed(categories, params.load("2022H2", workspace), opened.design)


def test_crossed_margins_and_collapse_rules_reach_both_weightings(workspace: Path) -> None:
    decide(
        workspace,
        "raking: [[size, industry], [district]]\n"
        "collapse: {size: {L: M}, industry: {农业: 工业, 交通物流: 现代服务, 生活与公共服务: 现代服务}}",
    )
    opened = survey.open("2022H2", workspace)
    merged = weights.collapse(register(workspace), opened.round.collapse)
    categories, _ = survey.calibration(opened.responses, opened.round)
    assert set(categories["size"]) == {"M", "S", "X", "G"}
    assert opened.employment is not None and opened.raking is not None
    for design, column in ((opened.design, "N"), (opened.employment, "employment")):
        for margin in (["size", "industry"], ["district"]):
            population = merged.groupby(margin)[column].sum()
            filled = sums(categories, margin, design.weights)
            np.testing.assert_allclose(filled[population.index], population, rtol=1e-8)
    assert set(opened.raking.table["margin"]) == {"size×industry", "district"}


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{size: {Z: M}}", "collapse：答卷和总体里都没有“size”的类别 Z；可用的是 G、L、M、S、X；请改正拼写"),
        ("{colour: {L: M}}", "collapse：答卷和总体里都没有“colour”这一列；可用的是 district、size、industry"),
    ],
)
def test_a_misspelt_collapse_rule_is_refused(workspace: Path, rule: str, said: str) -> None:
    decide(workspace, f"collapse: {rule}")
    with pytest.raises(ParamsError) as refusal:
        survey.open("2022H2", workspace)
    assert str(refusal.value).startswith(said)


def test_answers_of_a_single_chamber_have_no_error_and_are_refused(opened: survey.Survey) -> None:
    chamber = next(code for code, item in opened.codebook.items.items() if item.role == "chamber")
    alone = opened.responses.assign(**{chamber: "CC01"})
    intake = SimpleNamespace(
        responses=alone.drop(columns=[c for c in survey.DESCRIBING if c != chamber], errors="ignore")
    )
    with pytest.raises(ParamsError, match="全部答卷出自同一个抽样单位，算不出误差；请改为 direct"):
        survey.prepared(opened.round, intake)  # type: ignore[arg-type]


def test_an_empty_cell_of_a_crossed_margin_names_the_rule_that_mends_it(workspace: Path) -> None:
    decide(workspace, "raking: [[size, industry]]")
    with pytest.raises(weights.WeightsError, match=r"边际“size×industry”的类别“L×.*用 collapse 规则"):
        survey.open("2022H2", workspace)


def test_weights_that_do_not_converge_stop_the_round_by_name(workspace: Path, opened: survey.Survey) -> None:
    """No large firm of the sample is in transport: 90% large and 20% in transport cannot both be reached."""
    decide(workspace, "raking: [[size], [industry]]")
    lone = ((opened.responses["size"] == "L") & (opened.responses["industry"] == "交通物流")).sum()
    table = register(workspace).groupby(["size", "industry"], as_index=False)[["N", "employment"]].sum()
    large, transport = table["size"] == "L", table["industry"] == "交通物流"
    share = np.select([large & transport, large, transport], [0.1, 0.8, 0.1], 0.1)
    cells = table.groupby([large, transport])["N"].transform("sum")
    table["N"] = 1e5 * share * table["N"] / cells
    enrol(workspace, table.assign(round="2022H2"))
    assert lone == 0
    with pytest.raises(
        weights.WeightsError, match=r"加权在 1000 次迭代后仍未收敛：边际“(size|industry)”的类别"
    ):
        survey.open("2022H2", workspace)


def test_trimming_in_the_parameters_reaches_the_weights_of_enterprises_alone(workspace: Path) -> None:
    decide(workspace, "trim: 3")
    opened = survey.open("2022H2", workspace)
    w = opened.design.weights
    assert opened.raking is not None and opened.raking.trimmed > 0
    assert w.max() <= 3 * w.mean() * (1 + 1e-9)
    assert opened.raking.design_effect < opened.raking.untrimmed_design_effect
    assert opened.employment is not None
    assert opened.employment.weights.sum() == pytest.approx(register(workspace)["employment"].sum(), rel=1e-8)


def test_part_of_a_round_is_weighted_anew_both_ways(opened: survey.Survey) -> None:
    keep = np.arange(opened.n) % 10 != 0
    part = survey.restricted(opened, keep)
    assert part.employment is not None and opened.employment is not None
    assert part.design.n == part.employment.n == keep.sum()
    assert part.design.weights.sum() == pytest.approx(opened.design.weights.sum())
    assert part.employment.weights.sum() == pytest.approx(opened.employment.weights.sum())


def test_part_of_an_unweighted_round_has_one_weighting(opened: survey.Survey) -> None:
    keep = np.arange(opened.n) % 2 == 0
    part = survey.restricted(replace(opened, raking=None), keep)
    assert part.employment is None
    np.testing.assert_array_equal(part.design.weights, opened.design.weights[keep])


# --- where the errors are linearised ----------------------------------------------------------------------


def disproportionate_sample(
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, np.ndarray, dict[str, pd.Series]]:
    """Draw as the survey does: few large firms in the city, many in the sample; scores differ by place."""
    size = np.repeat(["L", "G"], [150, 350])
    place = rng.choice(["east", "west", "south"], 500, p=[0.5, 0.3, 0.2])
    y = 70 + 5 * (place == "east") + rng.normal(0, 10, 500)
    margins = {
        "size": pd.Series({"L": 500, "G": 99_500}),
        "place": pd.Series({"east": 40_000, "west": 30_000, "south": 30_000}),
    }
    return pd.DataFrame({"size": size, "place": place}), y, margins


def test_errors_of_a_disproportionate_sample_are_linearised_where_raking_ended() -> None:
    """The error of large firms' mean against its spread over 200 samples; fitting with equal weights fails."""
    rng = np.random.default_rng(11)
    means, ended, equal = [], [], []
    for _ in range(200):
        sample, y, margins = disproportionate_sample(rng)
        final = weights.rake(sample, margins)
        large = np.where(sample["size"] == "L", y, np.nan)
        for start, errors in ((final, ended), (np.ones(500), equal)):
            result = estimate.mean(large, estimate.Design(final, base_weights=start, calibration=sample))
            errors.append(result.std_error[0])
        means.append(result.estimate[0])
    spread = np.std(means)
    assert np.mean(ended) == pytest.approx(spread, rel=0.15)  # 200 samples know a spread to about 5 per cent
    assert np.mean(equal) > 3 * spread


def test_the_demos_errors_agree_with_replicates(opened: survey.Survey) -> None:
    scores = opened.responses["F1"].to_numpy() * 10
    sizes = np.column_stack([np.where(opened.responses["size"] == size, scores, np.nan) for size in "LMSXG"])
    linearised = estimate.mean(sizes, opened.design).std_error
    replicates = estimate.replicate_weights(opened.design, 300, 1)
    rated = ~np.isnan(sizes)
    drawn = (replicates.T @ np.nan_to_num(sizes)) / (replicates.T @ rated)
    ratio = linearised / drawn.std(axis=0)
    assert ((ratio > 0.6) & (ratio < 1.4)).all()


def test_a_start_with_the_margins_factors_is_the_same_raking(opened: survey.Survey) -> None:
    margins = survey.population_margins(opened.round)
    categories, _ = survey.calibration(opened.responses, opened.round)
    again = weights.rake(categories, margins, opened.design.weights)
    np.testing.assert_allclose(again, opened.design.weights, rtol=1e-8)
