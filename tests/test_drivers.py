"""Gaps against a plain EM; the analysis of drivers on small surveys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_survey as small
from driver_answers import answers, over_all_orders, r2_of

from evalpkg import drivers
from evalpkg import survey as surveys
from evalpkg.drivers import DriversError, johnson, lmg
from evalpkg.drivers.incomplete import moments
from evalpkg.estimate import mean

# --- the second, plainer way ---------------------------------------------------------------------------


def plain_em(values: np.ndarray, weights: np.ndarray, steps: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance by EM, respondent by respondent."""
    q = values.shape[1]
    mu, sigma = np.nanmean(values, axis=0), np.eye(q)
    for _ in range(steps):
        total, square = np.zeros(q), np.zeros((q, q))
        for row, weight in zip(values, weights, strict=True):
            seen = ~np.isnan(row)
            full, extra = row.copy(), np.zeros((q, q))
            if not seen.all():
                slope = np.linalg.solve(sigma[np.ix_(seen, seen)], sigma[np.ix_(seen, ~seen)])
                full[~seen] = mu[~seen] + (row[seen] - mu[seen]) @ slope
                extra[np.ix_(~seen, ~seen)] = sigma[np.ix_(~seen, ~seen)] - sigma[np.ix_(~seen, seen)] @ slope
            total += weight * full
            square += weight * (np.outer(full, full) + extra)
        old = sigma
        mu = total / weights.sum()
        sigma = square / weights.sum() - np.outer(mu, mu)
        if np.abs(sigma - old).max() < 1e-12:
            break
    return mu, sigma


# --- answers with gaps ---------------------------------------------------------------------------------


def with_gaps(n: int = 40, q: int = 4, seed: int = 5) -> np.ndarray:
    values = answers(n, q - 1, seed)
    values = (values - values.mean(0)) / values.std(0)
    gaps = np.random.default_rng(seed).random(values.shape) < 0.2
    gaps[gaps.all(axis=1)] = False
    return np.where(gaps, np.nan, values)


def test_without_gaps_moments_are_the_weighted_covariance() -> None:
    values = answers(10, 3, seed=2)
    weights = np.column_stack([np.ones(10), np.arange(10.0)])
    found = moments(values, weights)
    for draw in range(2):
        expected = np.cov(values.T, aweights=weights[:, draw], ddof=0)
        np.testing.assert_allclose(found.covariance[draw], expected, atol=1e-12)
    assert found.change == 0


def test_moments_equal_a_plain_em() -> None:
    values, weights = with_gaps(), np.linspace(0.5, 2, 40)
    mu, sigma = plain_em(values, weights)
    found = moments(values, weights[:, None])
    # 1e-7: both stop short of the limit, and ours adds a ridge of 1e-8
    np.testing.assert_allclose(found.cross[0, 1:, 0], mu, atol=1e-7)
    np.testing.assert_allclose(found.covariance[0], sigma, atol=1e-7)


def test_one_item_with_gaps_has_the_closed_form() -> None:
    # Anderson (1957): x complete, y seen in part: the regression on the seen part, moved to all of x.
    x = np.array([-1.5, -1.0, -0.5, -0.2, 0.1, 0.4, 0.8, 1.0, 1.2, 1.6])
    y = np.array([-1.0, -0.7, -0.9, 0.1, 0.0, 0.6, np.nan, np.nan, np.nan, np.nan])
    seen = ~np.isnan(y)
    slope = np.cov(x[seen], y[seen], ddof=0)[0, 1] / x[seen].var()
    mean_y = y[seen].mean() + slope * (x.mean() - x[seen].mean())
    residual = y[seen].var() - slope**2 * x[seen].var()
    found = moments(np.column_stack([x, y]), np.ones((10, 1)), tolerance=1e-12)
    assert found.cross[0, 2, 0] == pytest.approx(mean_y, abs=1e-6)
    assert found.covariance[0, 1, 1] == pytest.approx(slope**2 * x.var() + residual, abs=1e-6)
    assert found.covariance[0, 0, 1] == pytest.approx(slope * x.var(), abs=1e-6)


def test_integer_weights_are_repeated_rows() -> None:
    values, times = with_gaps(20), np.arange(20) % 3
    repeated = np.repeat(values, times, axis=0)
    weighted = moments(values, times[:, None].astype(float), tolerance=1e-10)
    plain = moments(repeated, np.ones((len(repeated), 1)), tolerance=1e-10)
    np.testing.assert_allclose(weighted.covariance, plain.covariance, atol=1e-8)


def test_every_draw_is_done_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers.incomplete, "CHUNK", 40)
    values = with_gaps(60)
    weights = np.random.default_rng(0).multinomial(60, np.full(60, 1 / 60), size=100).T.astype(float)
    start = moments(values, np.ones((60, 1)))
    together = moments(values, weights, start=start, tolerance=1e-9)
    for draw in (0, 39, 40, 99):
        alone = moments(values, weights[:, [draw]])
        np.testing.assert_allclose(together.covariance[draw], alone.covariance[0], atol=1e-6)


def test_an_item_constant_under_some_weights_has_no_variance_there() -> None:
    values = np.column_stack([np.linspace(-2, 2, 7), [0.3, 0.3, 0.3, 0.3, 2.3, -1.7, 0.1]])
    weights = np.column_stack([np.ones(7), [0.7, 0.1, 1.3, 0.9, 0, 0, 0]])
    covariance = moments(values, weights).covariance
    assert covariance[0, 1, 1] > 0.5
    assert covariance[1, 1, 1] == 0
    assert np.abs(lmg(covariance)[1]).max() < 1e-14


# --- the analysis --------------------------------------------------------------------------------------


def book(p: int = 3) -> small.Codebook:
    rated = [small.item(f"D{j}", "driver", f"方面{j}", scale=small.FIVE) for j in range(1, p + 1)]
    return small.codebook([small.item("F1", "outcome", "总体满意度", scale=small.TEN), *rated])


def ten_firms() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "F1": [8.0, 6, 9, 3, 5, 10, 7, 4, 6, 8],
            "D1": [4.0, 2, 5, 3, 3, 4, 3, 2, 5, 4],
            "D2": [3.0, 3, 3, 2, 4, 4, 5, 3, 2, 3],
            "D3": [5.0, 4, 3, 4, 3, 5, 3, 5, 2, 4],
        },
        index=pd.RangeIndex(1, 11, name="rid"),
    )


WEIGHTS = [1.0, 2, 1, 3, 1, 1, 2, 1, 2, 1]


def test_ten_firms() -> None:
    survey = small.survey(book(), ten_firms(), weights=WEIGHTS)
    result = drivers.shares(survey)
    assert result is not None
    expected = over_all_orders(ten_firms().to_numpy(), np.array(WEIGHTS)) * 100
    table = result.table.set_index("item")
    np.testing.assert_allclose(table.loc[["D1", "D2", "D3"], "estimate"], expected, atol=1e-9)
    assert table["estimate"].is_monotonic_decreasing
    assert (result.name, result.unit, result.total) == ("drivers", "%", 10)
    assert result.extra["r2"] == pytest.approx(expected.sum(), abs=1e-9)
    assert result.extra["complete"] == pytest.approx(100)
    assert table["n"].tolist() == [10, 10, 10]
    assert table["p_first"].sum() == pytest.approx(100)
    assert ((table["conf_low"] < table["estimate"]) & (table["estimate"] < table["conf_high"])).all()
    assert table.loc["D1", "label"] == "方面1"
    assert (result.extra["left_out"], result.extra["notes"]) == ((), ())


def test_the_own_score_of_a_driver_is_its_mean() -> None:
    survey = small.survey(book(), ten_firms(), weights=WEIGHTS)
    table = drivers.shares(survey).table.set_index("item")  # type: ignore[union-attr]
    by_hand = np.average((ten_firms()["D2"] - 1) * 25, weights=WEIGHTS)
    assert table.loc["D2", "score"] == pytest.approx(by_hand)
    low, high = mean((ten_firms()["D2"] - 1) * 25, survey.design).interval()
    assert table.loc["D2", ["score_low", "score_high"]].tolist() == pytest.approx([low[0], high[0]])


def test_the_same_seed_gives_the_same_result() -> None:
    first, second, other = (
        drivers.shares(small.survey(book(), ten_firms(), seed=seed)).table  # type: ignore[union-attr]
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first, second)
    assert (first["std_error"] != other["std_error"]).any()
    pd.testing.assert_series_equal(first["estimate"], other["estimate"])


def firms(n: int = 200, p: int = 3, seed: int = 1) -> pd.DataFrame:
    data = answers(n, p, seed)
    grades = np.clip(np.round(3 + data[:, 1:]), 1, 5)
    outcome = np.clip(np.round(5 + 1.5 * data[:, 0]), 0, 10)
    names = ["F1", *(f"D{j}" for j in range(1, p + 1))]
    return pd.DataFrame(
        np.column_stack([outcome, grades]), columns=names, index=pd.RangeIndex(1, n + 1, name="rid")
    )


def analysed(frame: pd.DataFrame, p: int = 3, **more: object) -> drivers.analysis.estimate.Result:
    result = drivers.shares(small.survey(book(p), frame, **more))  # type: ignore[arg-type]
    assert result is not None
    return result


def test_a_skipped_item_does_not_drop_the_respondent() -> None:
    frame = firms()
    frame.loc[1:60, "D1"] = np.nan
    frame.loc[50:80, "D3"] = np.nan
    frame.loc[200, :] = np.nan  # answered nothing of this
    result = analysed(frame)
    standard = (frame - frame.mean()) / frame.std(ddof=0)
    _, sigma = plain_em(standard.drop(index=200).to_numpy(), np.ones(199))
    by_item = result.table.set_index("item")
    # 1e-4 percentage points: both iterations stop near the limit
    np.testing.assert_allclose(by_item.loc[["D1", "D2", "D3"], "estimate"], lmg(sigma) * 100, atol=1e-4)
    assert by_item.loc[["D1", "D2", "D3"], "n"].tolist() == [139, 199, 168]
    assert result.extra["complete"] == pytest.approx(100 * 119 / 199)


def test_gaps_that_follow_other_answers_do_not_bias() -> None:
    frame = firms(4000, seed=3)
    whole = analysed(frame, draws=100)
    gaps = frame.copy()
    gaps.loc[(frame["D2"] <= 2) | (frame["D3"] >= 5), "D1"] = (
        np.nan
    )  # missing at random, a third of the firms
    ours = analysed(gaps, draws=100)
    listwise = lmg(gaps.dropna().cov().to_numpy()) * 100
    truth = whole.table.set_index("item")["estimate"][["D1", "D2", "D3"]].to_numpy()
    error = np.abs(ours.table.set_index("item")["estimate"][["D1", "D2", "D3"]].to_numpy() - truth).max()
    assert error < 2
    assert np.abs(listwise - truth).max() > 5


def test_gaps_widen_intervals() -> None:
    frame = firms(400)
    gaps = frame.copy()
    gaps.loc[np.random.default_rng(0).random(400) < 0.5, "D3"] = np.nan
    whole, part = (analysed(f, draws=400).table.set_index("item")["std_error"]["D3"] for f in (frame, gaps))
    assert part > 1.15 * whole


def test_a_yes_or_no_outcome_works() -> None:
    frame = firms()
    frame["F1"] = (frame["F1"] > 5) * 10.0
    result = analysed(frame)
    assert result.extra["r2"] == pytest.approx(100 * r2_of(frame.to_numpy(), (1, 2, 3)), abs=1e-8)


def test_useless_drivers_are_left_out_aloud() -> None:
    frame = firms(p=5).assign(D4=4.0, D5=np.nan)
    result = analysed(frame, p=5)
    assert sorted(result.table["item"]) == ["D1", "D2", "D3"]
    assert result.extra["left_out"] == (
        "“方面4”未列入：所有企业的打分都相同，无从比较",
        "“方面5”未列入：没有企业回答这一项",
    )
    pd.testing.assert_frame_equal(result.table, analysed(frame).table)


def test_a_driver_never_answered_with_the_outcome_is_left_out() -> None:
    frame = firms()
    frame.loc[1:100, "D1"] = np.nan
    frame.loc[101:200, "F1"] = np.nan
    assert "“方面1”未列入：同时回答这一项和总体满意度的企业太少" in analysed(frame).extra["left_out"]


def test_perfectly_collinear_drivers_are_named() -> None:
    frame = firms()
    frame["D3"] = frame["D1"]
    result = analysed(frame)
    shares = result.table.set_index("item")["estimate"]
    assert shares["D1"] == pytest.approx(shares["D3"], abs=1e-6)
    assert result.extra["notes"] == (
        "“方面1”“方面3”可以由彼此完全推出，数据分不开各自的作用，份额按平均分摊",
    )
    assert result.extra["r2"] == pytest.approx(100 * r2_of(frame.to_numpy(), (1, 2)), abs=1e-6)


def test_an_outcome_made_of_the_drivers_is_suspected() -> None:
    frame = firms()
    frame["F1"] = frame[["D1", "D2", "D3"]].mean(axis=1) * 2
    result = analysed(frame)
    assert result.extra["r2"] == pytest.approx(100, abs=1e-6)
    assert "请检查它是不是由各项计算得来" in result.extra["notes"][0]
    assert "请检查" not in "".join(analysed(firms()).extra["notes"])


@pytest.mark.parametrize(
    ("frame", "p", "says"),
    [
        (firms(5, 4, seed=2), 4, "作答的企业不足 10 家，要分析 4 项因素至少要 6 家"),
        (firms().assign(F1=7.0), 3, "所有企业对“总体满意度”的回答都相同"),
        (firms().assign(D1=3.0, D2=3.0, D3=np.nan), 3, "没有一项可以分析（“方面1”未列入"),
    ],
)
def test_what_cannot_be_analysed_is_refused_in_one_line(frame: pd.DataFrame, p: int, says: str) -> None:
    with pytest.raises(DriversError, match=says) as caught:
        analysed(frame, p)
    assert "\n" not in str(caught.value)


def test_more_than_twenty_drivers_are_divided_by_johnson_aloud() -> None:
    frame = firms(300, 21)
    result = analysed(frame, 21, draws=50)
    expected = johnson(np.cov(frame.to_numpy().T)) * 100
    found = result.table.set_index("item")["estimate"][frame.columns[1:]]
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert "共有 21 项因素" in result.extra["notes"][0]
    assert "Johnson" in result.extra["notes"][0]


def test_places_and_the_second_method_stand_beside() -> None:
    table = analysed(firms(400), draws=300).table
    assert (table["rank_low"] <= np.arange(1, 4)).all()
    assert (table["rank_high"] >= np.arange(1, 4)).all()
    np.testing.assert_allclose(table["johnson"].sum(), table["estimate"].sum(), atol=1e-9)
    assert table["halo"].isna().all()
    assert set(table["zone"]) <= {"fix", "watch", "keep", "later"}


def test_a_survey_that_did_not_ask_has_no_drivers() -> None:
    frame = firms()
    without = {
        "outcome": small.codebook([i for i in book().items.values() if i.role != "outcome"]),
        "drivers": small.codebook([i for i in book().items.values() if i.role != "driver"]),
    }
    assert [drivers.shares(small.survey(b, frame)) for b in without.values()] == [None, None]
    assert drivers.shares(small.survey(book(), frame.drop(columns="F1"))) is None
    assert drivers.shares(small.survey(book(), frame.assign(F1=np.nan))) is None
    assert drivers.shares(small.survey(book(), frame.assign(D1=np.nan, D2=np.nan, D3=np.nan))) is None


def clustered(rng: np.random.Generator, clusters: int, size: int = 20) -> np.ndarray:
    """Outcome and three drivers of firms whose chambers differ in level and in how closely the two go."""
    chamber = np.repeat(np.arange(clusters), size)
    slopes = np.array([0.8, 0.5, 0.3]) + rng.normal(size=(clusters, 3)) * [0.5, 0.2, 0.2]
    x = rng.normal(size=(len(chamber), 3)) + 0.5 * rng.normal(size=(len(chamber), 1))
    y = (x * slopes[chamber]).sum(axis=1) + rng.normal(size=len(chamber))
    return np.column_stack([chamber, y, x])


def test_intervals_cover_and_need_the_clusters() -> None:
    truth = lmg(np.cov(clustered(np.random.default_rng(0), 20_000)[:, 1:].T)) * 100
    rng = np.random.default_rng(1)
    hits: dict[str, list[bool]] = {"chambers": [], "firms": []}
    for seed in range(120):
        data = clustered(rng, 40)
        frame = pd.DataFrame(data[:, 1:], columns=["F1", "D1", "D2", "D3"])
        for kind, groups in (("chambers", data[:, 0]), ("firms", None)):
            found = analysed(frame, clusters=groups, draws=200, seed=seed).table.set_index("item")
            row = found.loc["D1"]
            hits[kind].append(bool(row["conf_low"] <= truth[0] <= row["conf_high"]))
    assert np.mean(hits["chambers"]) >= 0.90
    assert np.mean(hits["firms"]) < 0.85


def test_a_demo_round(demo_root: Path) -> None:
    survey = surveys.open("2022H2", demo_root)
    result = drivers.shares(survey)
    assert result is not None
    table = result.table
    assert len(table) == 9
    assert table["estimate"].sum() == pytest.approx(result.extra["r2"], abs=1e-9)
    assert result.extra["r2_low"] < result.extra["r2"] < result.extra["r2_high"]
    assert table.select_dtypes("number").drop(columns="halo").notna().all(axis=None)
    assert set(table["label"].iloc[:2]) == {"政策落实兑现", "办事效率"}  # the two the demo world weighs most
