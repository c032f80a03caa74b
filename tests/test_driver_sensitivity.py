"""The drivers computed another way: every column a second, plainer way, and what may not be shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import small_survey as small

from evalpkg import drivers, estimate
from evalpkg.drivers import johnson, lmg
from evalpkg.drivers.sensitivity import WAYS

WEIGHTS = np.tile([1.0, 2, 3], 100)


def book(p: int = 3) -> object:
    items = [small.item("F1", "outcome", "总体满意度", scale=small.TEN)]
    items += [small.item(f"D{j}", "driver", f"方面{j}", scale=small.FIVE) for j in range(1, p + 1)]
    return small.codebook(items)


def firms(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = np.clip(np.round(3 + rng.normal(size=(300, 3))), 1, 5)
    y = np.clip(np.round(x @ [0.9, 0.6, 0.1] + rng.normal(size=300)), 0, 10)
    return pd.DataFrame(
        np.column_stack([y, x]), columns=["F1", "D1", "D2", "D3"], index=pd.RangeIndex(1, 301, name="rid")
    )


def found(frame: pd.DataFrame, **more: object) -> estimate.Result:
    result = drivers.sensitivity(small.survey(book(), frame, weights=WEIGHTS), **more)  # type: ignore[arg-type]
    assert result is not None
    return result


def plain(frame: pd.DataFrame, weights: np.ndarray, method=lmg) -> dict[str, float]:  # type: ignore[no-untyped-def]
    shares = method(np.cov(frame.to_numpy().T, aweights=weights)) * 100
    return dict(zip(["D1", "D2", "D3"], shares, strict=True))


def test_every_column_by_hand() -> None:
    frame = firms()
    frame.loc[1:20, "D3"] = np.nan
    flagged = pd.DataFrame({"speeder": False, "straight": False}, index=frame.index)
    flagged.loc[281:300, "straight"] = True
    result = found(frame, flagged=flagged)
    table = result.table.set_index("item")
    whole = frame.notna().all(axis=1).to_numpy()
    assert table["complete"].to_dict() == pytest.approx(plain(frame[whole], WEIGHTS[whole]))
    published = drivers.shares(small.survey(book(), frame, weights=WEIGHTS))  # type: ignore[arg-type]
    assert published is not None
    np.testing.assert_allclose(
        table["estimate"], published.table.set_index("item")["estimate"][table.index], atol=1e-9
    )
    again = drivers.shares(small.survey(book(), frame[:280], weights=WEIGHTS[:280]))  # type: ignore[arg-type]
    assert again is not None
    assert table["unflagged"].to_dict() == pytest.approx(
        again.table.set_index("item")["estimate"].to_dict(), abs=1e-6
    )
    assert table["halo"].isna().all()


def test_without_gaps() -> None:
    table = found(firms()).table.set_index("item")
    assert table["unweighted"].to_dict() == pytest.approx(plain(firms(), np.ones(300)))
    assert table["johnson"].to_dict() == pytest.approx(plain(firms(), WEIGHTS, johnson))
    assert table["complete"].to_dict() == pytest.approx(table["estimate"].to_dict())


def test_halo_shares_stand_beside() -> None:
    halo = estimate.Result(
        pd.DataFrame({"item": ["D2", "D1", "D3"], "share": [9.0, 3.0, 1.0]}), "halo", "分", "", 300
    )
    result = found(firms(), halo=halo)
    assert result.table.set_index("item")["halo"].to_dict() == {"D1": 3.0, "D2": 9.0, "D3": 1.0}
    assert result.extra["first_two"] == ("方面1", "方面2")
    assert WAYS["halo"] in result.extra["kept"]


def test_another_order_is_said() -> None:
    halo = estimate.Result(
        pd.DataFrame({"item": ["D2", "D1", "D3"], "share": [9.0, 1.0, 3.0]}), "halo", "分", "", 300
    )
    assert found(firms(), halo=halo).extra["moved"] == (WAYS["halo"],)


def test_a_few_between_two_columns_are_not_shown() -> None:
    frame = firms()
    frame.loc[1:5, "D1"] = np.nan
    flagged = pd.DataFrame({"speeder": frame.index < 4}, index=frame.index)
    result = found(frame, flagged=flagged)
    assert result.table[["complete", "unflagged"]].isna().all(axis=None)
    assert len(result.extra["notes"]) == 2
    assert all("不足 10" in note for note in result.extra["notes"])


def test_everybody_in_doubt_leaves_a_note() -> None:
    frame = firms()
    result = found(frame, flagged=pd.DataFrame({"speeder": True}, index=frame.index))
    assert result.table["unflagged"].isna().all()
    assert "所剩太少" in result.extra["notes"][0]


def test_not_asked() -> None:
    assert drivers.sensitivity(small.survey(book(), firms().drop(columns="F1"), weights=WEIGHTS)) is None  # type: ignore[arg-type]
