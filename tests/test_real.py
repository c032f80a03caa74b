"""Real answers of another survey, other items, another language: read, analysed and published (skips without them)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalpkg import drivers, ingest, outlook, scores, survey

ITEMS = {
    "comfort": "舒适",
    "cleanliness": "整洁",
    "bar_beverages": "酒水",
    "catering": "餐食",
    "washrooms": "洗手间",
    "wifi_connectivity": "无线网络",
    "staff_service": "员工服务",
}
CODEBOOK = """\
title: 机场贵宾室评价
missing:
  NA_BLANK: [""]
  NA_NC: ["0", "0.0"]      # 0 不在 1 到 5 的刻度里：没有打分
scales:
  stars: {low: 1, high: 5}
  yes: {low: 0, high: 1}
items:
- {code: recommended, title: recommended, label: 愿意推荐, type: score, scale: yes, role: outcome}
- {code: content, title: content, label: 评语, type: text, role: remark}
"""
ITEM = "- {{code: {0}, title: {0}_rating, label: {1}, type: score, scale: stars, role: driver, missing: [NA_NC]}}\n"
IGNORED = "- {{code: {0}, title: {0}, label: {0}, type: text, role: ignore}}\n"
DEFAULTS = """\
survey: 机场贵宾室评价
codebook: lounge
lexicon: themes.csv
files: ["*.csv"]
margins: null
raking: []
population: ""
scale: 不愿意＝0，愿意＝100
trim: null
k: 10
min_respondents: 100
min_raters: 30
level: 0.95
draws: 1000
seed: 1
"""
ROUND = """\
id: {0}
number: {1}
theme: 贵宾室
period: {{start: {2}, end: {3}}}
fieldwork: {{start: {2}, end: {3}, issued: {4}, returned: {4}}}
recruitment: direct
"""


def lounge_workspace(root: Path, source: Path) -> list[str]:
    """Write a workspace for the lounge reviews, a round a half-year with enough answers; return the rounds."""
    (root / "params").mkdir(parents=True)
    (root / "data" / "reference" / "codebooks").mkdir(parents=True)
    ignored = ["id", "date", "airport", "lounge_type", "type_traveller", "overall_rating"]
    codebook = (
        CODEBOOK
        + "".join(ITEM.format(*item) for item in ITEMS.items())
        + "".join(map(IGNORED.format, ignored))
    )
    (root / "data" / "reference" / "codebooks" / "lounge.yaml").write_text(codebook, encoding="utf-8")
    (root / "params" / "_defaults.yaml").write_text(DEFAULTS, encoding="utf-8")
    table = pd.read_csv(source, dtype=str, keep_default_na=False)
    half = table["date"].str[:4] + np.where(table["date"].str[5:7].astype(int) <= 6, "H1", "H2")
    sizes = half.value_counts().sort_index()
    rounds = [name for name in sizes.index if sizes[name] >= 100]
    for number, name in enumerate(rounds, start=1):
        days = ("01-01", "06-30") if name.endswith("1") else ("07-01", "12-31")
        start, end = (f"{name[:4]}-{day}" for day in days)
        text = ROUND.format(name, number, start, end, sizes[name])
        (root / "params" / f"{name}.yaml").write_text(text, encoding="utf-8")
        folder = root / "data" / "raw" / name
        folder.mkdir(parents=True)
        table[half == name].to_csv(folder / "answers.csv", index=False, encoding="utf-8")
    return rounds


@pytest.fixture(scope="module")
def lounge(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lounge") / "workspace"
    lounge_workspace(root, shared / "real" / "lounge.csv")
    return root


def test_another_survey_is_read_by_its_own_codebook(lounge: Path, shared: Path) -> None:
    opened = survey.open("2014H1", lounge)
    raw = pd.read_csv(shared / "real" / "lounge.csv", dtype=str, keep_default_na=False)
    raw = raw[raw["date"].between("2014-01-01", "2014-06-30")]
    assert opened.n == len(raw)
    for code in ITEMS:
        by_hand = pd.to_numeric(raw[f"{code}_rating"]).replace(0, np.nan)
        assert opened.responses[code].mean() == pytest.approx(by_hand.mean())
        assert opened.responses[code].count() == by_hand.count()
    result = outlook.overall(opened)
    assert result is not None
    assert result.table["estimate"].iloc[0] == pytest.approx(100 * pd.to_numeric(raw["recommended"]).mean())


def test_what_that_survey_did_not_ask_is_none(lounge: Path) -> None:
    opened = survey.open("2014H1", lounge)
    assert scores.departments(opened) is None
    assert outlook.difficulties(opened) is None
    assert outlook.by(opened, "size") is None


def test_driver_shares_agree_with_brute_force_least_squares(lounge: Path) -> None:
    """Average over all orders of entry, by plain least squares on the rows that answered everything."""
    from itertools import permutations

    opened = survey.open("2014H1", lounge)
    used = ["recommended", *list(ITEMS)[:5]]
    whole = opened.responses[opened.responses[used].notna().all(axis=1)]
    y, x = whole["recommended"].to_numpy(), whole[used[1:]].to_numpy()

    def r2(columns: tuple[int, ...]) -> float:
        design = np.column_stack([np.ones(len(y)), x[:, sorted(columns)]])
        residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        return 1 - residual @ residual / ((y - y.mean()) @ (y - y.mean()))

    orders = list(permutations(range(5)))
    by_hand = [np.mean([r2(o[: o.index(j) + 1]) - r2(o[: o.index(j)]) for o in orders]) for j in range(5)]
    assert drivers.lmg(np.cov(whole[used].to_numpy().T)) == pytest.approx(by_hand, abs=1e-10)


def test_the_overall_rating_is_computed_from_the_items_until_its_scale_changes(shared: Path) -> None:
    """Why `recommended` is the outcome: a regression of `overall_rating` on the items would be a tautology."""
    raw = pd.read_csv(shared / "real" / "lounge.csv")
    items = raw[[f"{code}_rating" for code in ITEMS]]
    agrees = raw["overall_rating"] == items.mean(axis=1).round()  # zeros averaged in, as if they were scores
    before = raw["date"] < "2015-06-09"
    assert agrees[before].mean() > 0.99
    assert raw.loc[before, "overall_rating"].max() == 5
    assert raw.loc[~before, "overall_rating"].max() == 10
    assert agrees[~before].mean() < 0.3


def test_a_score_out_of_the_declared_scale_is_refused(lounge: Path, tmp_path: Path) -> None:
    text = (lounge / "data" / "raw" / "2014H1" / "answers.csv").read_text(encoding="utf-8").splitlines()
    book = lounge / "data" / "reference" / "codebooks" / "lounge.yaml"
    header = text[0].split(",")
    row = ["1"] * len(header)
    row[header.index("comfort_rating")] = "6"
    path = tmp_path / "six.csv"
    path.write_text(text[0] + "\n" + ",".join(row) + "\n", encoding="utf-8")
    with pytest.raises(ingest.InputRefused, match="1 到 5") as caught:
        ingest.read_file(path, book)
    assert [problem.code for problem in caught.value.problems] == ["E-RANGE"]
