"""The header of a platform that nobody described: found by titles, of a mapping file or of the questionnaire."""

from __future__ import annotations

from collections.abc import Iterator

from evalpkg.codebook import match_key
from evalpkg.ingest.headers import titles_of
from evalpkg.ingest.mapping import Mapped
from evalpkg.ingest.platforms import SEARCHED, Platform
from evalpkg.ingest.problems import InputRefused, Problem
from evalpkg.ingest.sheet import Grid

TALLEST = 3  # lines of a header


def framings(grid: Grid, platform: Platform, mapped: Mapped) -> list[tuple[Platform, int]]:
    """List the ways to read the first lines as a header that has every mapped title, the lowest header first.

    Parameters
    ----------
    grid
    platform
        A description without a signature. Its `header_rows` and `titles` hold where they are given; where `header_rows` is 0,
        one to three lines are tried, of which one holds the titles, or all are joined.
    mapped
        The titles that must be there.

    Returns
    -------
    list of (Platform, int)
        A description with `header_rows` and `titles` settled, and the line of `grid.rows` where the header begins, as
        `recognised` gives them.

    Raises
    ------
    InputRefused
        There is no mapping, or no header has its titles.
    """
    wanted = {title for title, target in mapped.targets.items() if target}  # what is left out may be absent
    if not wanted:
        said = f"平台 {platform.name} 要靠列名对照表认列；请在参数里写 mapping，表里写明每一列是哪道题"
        raise InputRefused([Problem("E-PLATFORM", grid.file, said)])
    tried = [(_titled(grid, one, at), one, at) for one in _heights(platform) for at in range(SEARCHED)]
    fits = [(at + one.header_rows, one.header_rows, at, one) for keys, one, at in tried if wanted <= keys]
    if not fits:
        lacking = min(len(wanted - keys) for keys, _, _ in tried)
        said = (
            f"列名对照表里有 {lacking} 列在表头里找不到（前 {SEARCHED} 行里找过，表头 1 到 {TALLEST} 行）；"
            "请照文件里的列标题改对照表，几行合成的标题写成 题—行"
        )
        raise InputRefused([Problem("E-HEADER", grid.file, said)])
    return [(one, at) for _, _, at, one in sorted(fits, key=lambda fit: fit[:3])]


def likeliest(grid: Grid, platform: Platform, known: set[str]) -> tuple[Platform, int]:
    """Pick the header that has most of the titles known, the lowest and first of several; where none is, the first line.

    Parameters
    ----------
    grid
    platform
        As for `framings`.
    known
        Match keys of the titles of a questionnaire.
    """
    lines = range(min(SEARCHED, len(grid.rows)))
    tried = [(len(known & _titled(grid, one, at)), one, at) for one in _heights(platform) for at in lines]
    _, one, at = max(tried, key=lambda found: (found[0], -found[1].header_rows, -found[2]))
    return one, at


def _heights(platform: Platform) -> Iterator[Platform]:
    """Yield the description with every height of a header, and every line that may hold the titles."""
    if platform.header_rows:
        yield platform
        return
    for height in range(1, TALLEST + 1):
        for titles in range(height + 1) if height > 1 else (0,):  # of several lines, 0 joins them
            yield platform.model_copy(update={"header_rows": height, "titles": titles})


def _titled(grid: Grid, platform: Platform, at: int) -> set[str]:
    top = grid.rows[at : at + platform.header_rows]
    return (
        {match_key(title) for title in titles_of(platform, top)}
        if len(top) == platform.header_rows
        else set()
    )
