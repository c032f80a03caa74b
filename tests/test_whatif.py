"""What would go with one step more: by hand, under its bootstrap, and in words that claim no cause."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import small_survey as small

from evalpkg import drivers, estimate
from evalpkg.drivers import DriversError


def book() -> object:
    items = [small.item("F1", "outcome", "总体满意度", scale=small.TEN)]
    items += [small.item(f"D{j}", "driver", f"方面{j}", scale=small.FIVE) for j in (1, 2)]
    return small.codebook(items)


def firms(n: int = 400, seed: int = 0, effect: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    d1, d2 = rng.integers(1, 6, (2, n))
    f1 = np.clip(np.round(4 + effect * (d1 - 3) + rng.normal(0, 1, n)), 0, 10)
    return pd.DataFrame(
        {"F1": f1, "D1": d1, "D2": d2}, index=pd.RangeIndex(1, n + 1, name="rid"), dtype=float
    )


def found(frame: pd.DataFrame, **more: object) -> pd.DataFrame:
    result = drivers.what_if(small.survey(book(), frame), **more)  # type: ignore[arg-type]
    assert result is not None
    return result.table.set_index("item")


def test_by_hand() -> None:
    frame = firms()
    x = np.column_stack([np.ones(400), frame[["D1", "D2"]]])
    b = np.linalg.lstsq(x, frame["F1"] * 10, rcond=None)[0][1:]  # points of 100 a step
    table = found(frame)
    for j, code in enumerate(("D1", "D2")):
        share = (frame[code] < 4).mean()
        assert table.loc[code, "estimate"] == pytest.approx(b[j] * share, abs=1e-9)
        assert table.loc[code, "dissatisfied"] == pytest.approx(100 * share)
        assert table.loc[code, "dissatisfied_count"] == (frame[code] < 4).sum()
    assert table["sure"].tolist() == ["up", "no"]


def test_raising_the_dissatisfied_raises_what_the_regression_predicts() -> None:
    frame = firms(seed=3)
    raised = frame.assign(D1=frame["D1"] + (frame["D1"] < 4))
    x, after = (np.column_stack([np.ones(400), f[["D1", "D2"]]]) for f in (frame, raised))
    b = np.linalg.lstsq(x, frame["F1"] * 10, rcond=None)[0]
    assert found(frame).loc["D1", "estimate"] == pytest.approx(((after - x) @ b).mean(), abs=1e-9)


def test_the_interval_covers_the_value_in_all() -> None:
    truth = found(firms(100_000, seed=9).head(100_000)).loc["D1", "estimate"]
    hits = []
    for seed in range(100):
        row = found(firms(300, seed=seed + 100)).loc["D1"]
        hits.append(row["conf_low"] <= truth <= row["conf_high"])
    assert np.mean(hits) >= 0.88  # 100 runs: two standard errors below .95 is .906, three .885


def test_with_the_level_taken_out_its_coefficients_are_used() -> None:
    frame = firms()
    plain = found(frame)
    table = pd.DataFrame({"item": ["D1", "D2"], "estimate": [2.0, -4.0], "std_error": [0.1, 0.2]})
    halo = estimate.Result(table, "halo", "分", "", 400)
    controlled = found(frame, halo=halo)
    share = (frame["D2"] < 4).mean()
    assert controlled.loc["D2", "estimate"] == pytest.approx(-4.0 * share)
    assert controlled.loc["D2", "sure"] == "down"
    assert controlled["plain"].to_dict() == pytest.approx(plain["estimate"].to_dict())
    low, high = controlled.loc["D1", ["conf_low", "family_low"]]
    assert high < low < 2 * (frame["D1"] < 4).mean()


def test_nobody_unsatisfied_nothing_to_gain() -> None:
    frame = firms()
    frame["D2"] = frame["D2"].clip(lower=4)
    row = found(frame).loc["D2"]
    assert (row["estimate"], row["conf_low"], row["conf_high"], row["sure"]) == (0, 0, 0, "no")


def test_bad_input() -> None:
    assert drivers.what_if(small.survey(book(), firms().drop(columns="F1"))) is None  # type: ignore[arg-type]
    with pytest.raises(DriversError, match="回答都相同"):
        found(firms().assign(F1=5.0))
    tied = found(firms().assign(D2=firms()["D1"]))
    assert np.isfinite(tied["estimate"]).all()
    assert tied["estimate"].iloc[0] == pytest.approx(tied["estimate"].iloc[1])
