"""Which stages of a policy may be seen: no two of them, and no sums, may tell of fewer than k enterprises."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

# Counts of a funnel, (6,): who answered, who of them is aware; who is aware and says how far it got, eligible, applied, received.
CHAINS = ((0, 1), (2, 3, 4, 5))  # one within the other
PLACES = (1, 3, 4, 5)  # of the four stages
WITHIN = {place: chain for chain in CHAINS for place in chain}


def unseen(reached: np.ndarray, k: int, without: Collection[int] = ()) -> set[int]:
    """Choose the stages (0..3) to hide, so that between two that are seen lie k enterprises or none.

    As few as can be; where there is a choice the last stage stays, for how many a policy reaches in the end says most.

    Parameters
    ----------
    reached : ndarray of int, shape (6,)
        As above.
    without
        Stages that are hidden in any case.

    Examples
    --------
    >>> unseen(np.array([200, 90, 90, 60, 30, 25]), 10)  # 30 and 25 are too near
    {2}
    """
    left_out = {PLACES[stage] for stage in without}
    chains = [[place for place in chain if place not in left_out] for chain in CHAINS]
    kept = {chain[at] for chain in chains for at in _apart([int(reached[place]) for place in chain], k)}
    return {stage for stage, place in enumerate(PLACES) if place not in kept}


def across(parts: np.ndarray, whole: np.ndarray, k: int, without: Collection[int] = ()) -> list[set[int]]:
    """Choose the stages to hide in each part of the enterprises, whose total is published.

    What is not seen of a single part is the total less the other parts. So of a stage that is hidden, or of fewer than k,
    in some part, further parts are hidden (the smallest first), until those hidden tell, taken together, of no fewer than
    k either: the secondary suppression of tables of counts (Hundepool et al. 2012, Statistical Disclosure Control, ch. 4).

    Parameters
    ----------
    parts : ndarray of int, shape (g, 6)
    whole : ndarray of int, shape (6,)
    without
        Stages that are hidden in every part.

    Returns
    -------
    list of g sets
        Stages (0..3), those of `unseen` among them.

    Examples
    --------
    >>> parts = np.array([[40, 30, 30, 20, 14, 2], [80, 60, 60, 40, 26, 12], [90, 70, 70, 50, 35, 14]])
    >>> across(parts, parts.sum(axis=0), 10)  # of the last stage the first part alone has fewer than ten
    [{2}, {2, 3}, set()]
    """
    hidden, total = [unseen(part, k, without) for part in parts], unseen(whole, k)
    silent = {
        place: {at for at, part in enumerate(parts) if stage in hidden[at] or part[place] < k}
        for stage, place in enumerate(PLACES)
    }
    sums = _Sums(parts, silent, {place for stage, place in enumerate(PLACES) if stage not in total}, k)
    while told := [place for place in PLACES if whole[place] >= k and sums.tell(place)]:
        place = told[0]
        more = min(set(range(len(parts))) - silent[place], key=lambda at: (parts[at, place], at))
        silent[place].add(more)
        hidden[more].add(PLACES.index(place))
    return hidden


def seldom(hidden: Sequence[Sequence[Collection[int]]]) -> set[int]:
    """Name the stages that are hidden in more than half of the parts of all policies.

    >>> seldom([[{2}, {2, 3}], [{2}, set()]])
    {2}
    """
    parts = [stages for policy in hidden for stages in policy]
    return {
        stage for stage in range(len(PLACES)) if 2 * sum(stage in stages for stages in parts) > len(parts)
    }


@dataclass(frozen=True, eq=False)
class _Sums:
    """What a reader can add up: the parts (g, 6), those not seen and whether the total is, by place."""

    parts: np.ndarray
    silent: dict[int, set[int]]
    total: set[int]
    k: int

    def tell(self, place: int) -> bool:
        """Whether the parts that are seen tell, with the total or of it where it is hidden, of fewer than k."""
        out = self.silent[place]
        if place not in self.total:
            return not out
        if len(out) in (0, len(self.parts)):
            return False
        if len(out) == 1 or self._of(out, place) < self.k:
            return True
        return any(0 < self._between(place, other) < self.k for other in WITHIN[place])

    def _between(self, place: int, other: int) -> int:
        """Count who lies between two stages in the fewest parts whose sums are known at both, 0 where there are none."""
        out, there = self.silent[place], self.silent.get(other, set())
        if out & there and other not in self.total:
            return 0
        both = out | there if out & there else out
        return abs(self._of(both, place) - self._of(both, other))

    def _of(self, parts: set[int], place: int) -> int:
        return int(self.parts[sorted(parts), place].sum())


def _apart(count: Sequence[int], k: int) -> tuple[int, ...]:
    """Keep, of counts one within the other, the first and as many others as lie k apart, or not at all."""
    ways = [
        (0, *way) for size in range(len(count)) for way in combinations(range(1, len(count)), size)
        if not any(0 < count[a] - count[b] < k for a, b in zip((0, *way), way, strict=False))
    ]  # fmt: skip
    return max(ways, key=lambda way: (len(way), way[-1] == len(count) - 1, [-at for at in way]))
