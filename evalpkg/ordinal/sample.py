"""What a model is fitted to: ordered levels, named columns, and which rows take part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evalpkg.estimate import Design

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


NUMBERS = (
    "integer",
    "floating",
    "mixed-integer-float",
    "boolean",
)  # what objects may hold beside missing values


class OrdinalError(Exception):
    """A model that cannot be fitted or a question it cannot answer; ``str()`` is one Chinese line."""


@dataclass(frozen=True, eq=False)
class Sample:
    """The m of n rows that take part.

    Attributes
    ----------
    x : ndarray, shape (m, p)
        Columns without an intercept.
    level : ndarray, shape (m,), int
        Number of the row's level, 0..K-1.
    weights : ndarray, shape (m,)
        All 1 without a design.
    used : ndarray, shape (n,), bool
        Which rows take part: nothing missing, weight positive.
    names : tuple of str, length p
    levels : tuple, length K
        Values of `y`, lowest first.
    design : Design or None
        Of all n rows.
    """

    x: Floats
    level: Ints
    weights: Floats
    used: NDArray[np.bool_]
    names: tuple[str, ...]
    levels: tuple[Any, ...]
    design: Design | None

    def spread(self, values: Floats) -> Floats:
        """Put rows (m, k) back among all n, zero where a row takes no part."""
        rows = np.zeros((len(self.used), values.shape[1]))
        rows[self.used] = values
        return rows

    def place(self, level: object) -> int:
        """Give the number of a level, 1..K-1: the lowest has nothing below it."""
        allowed = "、".join(str(value) for value in self.levels[1:])
        for place, value in enumerate(self.levels):
            if place and value == level:
                return place
        raise OrdinalError(f"有序模型：没有以“{level}”为下限的一组：只能是 {allowed} 之一；请核对取值")


def read(y: ArrayLike | pd.Series, x: ArrayLike | pd.DataFrame, design: Design | None) -> Sample:
    """Check answers and columns and take the rows that have both; see `model.fit` for what is refused."""
    columns, names = _columns(x)
    codes, levels = _levels(y)
    _check_rows(y, x, codes, columns, design)
    weights = np.ones(len(codes)) if design is None else design.weights
    used = (codes >= 0) & (weights > 0) & ~np.isnan(columns).any(axis=1)
    if not used.all():
        codes, columns, weights = codes[used], columns[used], weights[used]
    _check_levels(codes, levels)
    return Sample(
        x=columns, level=codes, weights=weights, used=used, names=names, levels=levels, design=design
    )


def _columns(x: ArrayLike | pd.DataFrame) -> tuple[Floats, tuple[str, ...]]:
    frame = _frame(x)
    names = tuple(str(name) for name in frame.columns)
    if not names:
        raise OrdinalError("有序模型：没有自变量：至少要有一列；请传入自变量（不含常数列）")
    for place, (name, (_, column)) in enumerate(zip(names, frame.items(), strict=True)):
        if name in names[:place]:
            raise OrdinalError(f"有序模型：有两列都叫“{name}”：列名不能重复；请改名或删去一列")
        if not _numeric(column):
            raise OrdinalError(f"有序模型：列“{name}”不是数：只能是数、是否或空值；请先把类别转成 0/1 列")
    values = frame.to_numpy(dtype=float, na_value=np.nan)
    infinite = np.isinf(values).any(axis=0)
    if infinite.any():
        name = names[int(infinite.argmax())]
        raise OrdinalError(f"有序模型：列“{name}”有无穷大：只能是有限数或空值；请检查这一列的计算")
    return values, names


def _frame(x: ArrayLike | pd.DataFrame) -> pd.DataFrame:
    if isinstance(x, pd.DataFrame):
        return x
    array = np.asarray(x)
    if array.ndim not in (1, 2):
        raise OrdinalError(f"有序模型：自变量是 {array.ndim} 维：只能是一列，或每份答卷一行的表；请改成表")
    array = array[:, None] if array.ndim == 1 else array
    return pd.DataFrame(array, columns=[f"x{j + 1}" for j in range(array.shape[1])])


def _numeric(column: pd.Series) -> bool:
    if column.dtype == object:
        return pd.api.types.infer_dtype(column, skipna=True) in NUMBERS
    return pd.api.types.is_numeric_dtype(column.dtype)


def _levels(y: ArrayLike | pd.Series) -> tuple[Ints, tuple[Any, ...]]:
    if np.ndim(y) != 1:
        raise OrdinalError(f"有序模型：因变量是 {np.ndim(y)} 维：只能是一列，每份答卷一个数；请只传一列")
    answers = pd.Series(y)
    if isinstance(answers.dtype, pd.CategoricalDtype):
        if not answers.cat.ordered:
            raise OrdinalError(
                "有序模型：因变量的类别没有顺序：必须是有序类别或数；请用 ordered=True 指明顺序"
            )
        return np.asarray(answers.cat.codes, dtype=np.int64), tuple(answers.cat.categories)
    if not _numeric(answers):
        raise OrdinalError("有序模型：因变量不是数：必须是有序类别或数，文字没有顺序；请转成有序类别")
    codes, levels = pd.factorize(answers, sort=True)
    if len(levels) and np.isinf(np.asarray(levels, dtype=float)).any():
        raise OrdinalError("有序模型：因变量有无穷大：只能是有限数或空值；请检查计分")
    return np.asarray(codes, dtype=np.int64), tuple(np.asarray(levels).tolist())


def _check_rows(y: Any, x: Any, codes: Ints, columns: Floats, design: Design | None) -> None:
    rows = {"因变量": len(codes), "自变量": len(columns)} | ({} if design is None else {"设计": design.n})
    if len(set(rows.values())) > 1:
        counts = "、".join(f"{name} {count} 行" for name, count in rows.items())
        raise OrdinalError(f"有序模型：行数不同（{counts}）：必须逐行对应同一批答卷；请从同一张表取出")
    labelled = isinstance(y, pd.Series) and isinstance(x, pd.DataFrame | pd.Series)
    if labelled and not y.index.equals(x.index):
        raise OrdinalError(
            "有序模型：因变量与自变量的行标签不同：必须逐行对应同一批答卷；请从同一张表取出，或先对齐"
        )


def _check_levels(codes: Ints, levels: tuple[Any, ...]) -> None:
    if not len(codes):
        raise OrdinalError(
            "有序模型：没有一份答卷同时有因变量、全部自变量和大于 0 的权数；请检查缺失值和权数"
        )
    count = np.bincount(codes, minlength=len(levels))
    if (count > 0).sum() < 2:
        only = levels[int(count.argmax())]
        raise OrdinalError(f"有序模型：所有答卷都是“{only}”：至少要有两档才能分析差别；请换一个因变量")
    if (count == 0).any():
        empty = "、".join(str(levels[j]) for j in np.flatnonzero(count == 0))
        raise OrdinalError(f"有序模型：档“{empty}”没有可用的答卷：每一档都要有人；请与相邻的档合并")
