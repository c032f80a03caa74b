"""survey: the recipe from raw files to weights, on the demo and on ten rows."""

from __future__ import annotations

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
    with pytest.raises(ParamsError, match="缺少列 N、industry"):
        survey.population_margins(round_)


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
