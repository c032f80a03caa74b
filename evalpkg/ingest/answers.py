"""Answers of n forms, an item a column: a thousand forms hold a handful of different cells, each is read once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg.ingest.values import Value

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers of n forms to one closed item.

    Attributes
    ----------
    which : ndarray of int, shape (n,)
        Which of the distinct answers each form gives.
    distinct : tuple of Value
    raw : tuple of str, or of tuples of str
        What stood in the cell, or the cells, of each distinct answer.
    """

    which: Ints
    distinct: tuple[Value, ...]
    raw: tuple[Any, ...] = ()

    @classmethod
    def read(cls, cells: Sequence[str] | NDArray[np.object_], parse: Callable[[str], Value]) -> Answers:
        """Read every distinct cell of a column once.

        >>> found = Answers.read(["8", "9", "8"], lambda cell: Value(number=float(cell)))
        >>> found.numbers.tolist(), len(found.distinct)
        ([8.0, 9.0, 8.0], 2)
        """
        which, cell = pd.factorize(np.asarray(cells, dtype=object))
        return cls(which, tuple(parse(text) for text in cell), tuple(cell))

    @classmethod
    def absent(cls, n: int) -> Answers:
        """Answers to a question that a file does not have."""
        return cls(np.zeros(n, dtype=np.intp), (Value(missing="NA_SKIP"),), ("",))

    @classmethod
    def stacked(cls, parts: Sequence[Answers]) -> Answers:
        """Put the answers of several files one below the other."""
        first = np.cumsum([0, *(len(part.distinct) for part in parts)])
        which = [start + part.which for start, part in zip(first, parts, strict=False)]
        distinct = tuple(value for part in parts for value in part.distinct)
        return cls(np.concatenate(which), distinct, tuple(cell for part in parts for cell in part.raw))

    def __len__(self) -> int:
        return len(self.which)

    def take(self, order: Ints) -> Answers:
        """Put the forms in another order."""
        return Answers(self.which[order], self.distinct, self.raw)

    @property
    def ranks(self) -> Ints:
        """Place of what stood in each form's cell among the different cells, in the order of their text, (n,)."""
        order = {cell: place for place, cell in enumerate(sorted(set(map(_sortable, self.raw))))}
        return np.array([order[_sortable(cell)] for cell in self.raw], dtype=np.intp)[self.which]

    def each(self, tell: Callable[[Value], Any], dtype: Any = object) -> NDArray[Any]:
        """Tell something of the answer of every form, (n,)."""
        return np.array([tell(value) for value in self.distinct], dtype=dtype)[self.which]

    @cached_property
    def numbers(self) -> Floats:
        """Number of each form, NaN where it gives none, (n,)."""
        return self.each(lambda value: np.nan if value.number is None else value.number, float)

    @cached_property
    def missing(self) -> NDArray[np.object_]:
        """Why there is no answer, "" where there is one, (n,)."""
        return self.each(lambda value: value.missing)

    def holds(self, option: str) -> Floats:
        """Tell whether each form names an option, 1 or 0; NaN where it names none, (n,)."""
        return self.each(lambda value: float(option in value.codes) if value.codes else np.nan, float)

    @property
    def first(self) -> NDArray[np.object_]:
        """First option that each form names, None where it names none, (n,)."""
        return self.each(lambda value: value.codes[0] if value.codes else None)


def _sortable(cell: str | tuple[str, ...]) -> tuple[str, ...]:
    return (cell,) if isinstance(cell, str) else cell
