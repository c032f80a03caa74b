"""What became of each appeal by the day of observation: closed, solved, overdue, and how long it took."""

from __future__ import annotations

from datetime import date

import pandas as pd

GOING = ("received", "assigned", "in_progress")  # never closed so far
ENDED = ("closed", "rejected")
SATISFIED = 4  # of 1..5


def followed(table: pd.DataFrame, day: date) -> pd.DataFrame:
    """Add what became of each appeal.

    Parameters
    ----------
    table
        Columns submitted, due, closed, status, outcome, reopened_n.
    day
        Of observation; a closing after it has not happened yet.

    Returns
    -------
    DataFrame
        With `ended` (closed by the day and not opened again), `solved` (ended and truly solved), `withdrawn`, `days` (whole
        days from submission to the end, or to the day of observation), `late` (ended after the due day, or open past it), and
        `waiting` (open past the due day).

    Notes
    -----
    An appeal that was opened again is open: its closing did not hold. One that was withdrawn, or turned away without
    a day, ended on a day nobody wrote down, so `days` is NaN; withdrawn on a known day, it is censored there.

    Examples
    --------
    >>> days = {"submitted": ["2022-07-01"] * 3, "due": ["2022-07-20"] * 3, "closed": ["2022-07-11", "2022-07-25", None]}
    >>> table = pd.DataFrame({name: pd.to_datetime(column) for name, column in days.items()})
    >>> table = table.assign(status=["closed", "closed", "received"], outcome=["resolved", "partly", ""], reopened_n=0)
    >>> followed(table, date(2022, 7, 31))[["ended", "solved", "days", "late", "waiting"]].values.tolist()
    [[True, True, 10.0, False, False], [True, False, 24.0, True, False], [False, False, 30.0, True, True]]
    """
    today = pd.Timestamp(day)
    closed = table["closed"].where(table["closed"] <= today)
    ended = table["status"].isin(ENDED) & closed.notna()
    withdrawn = (table["status"] == "withdrawn") | ((table["status"] == "rejected") & table["closed"].isna())
    known = ended | (withdrawn & closed.notna())
    end = closed.where(known, today)
    days = (end - table["submitted"]).dt.days.astype(float)
    waiting = ~ended & ~withdrawn & (table["due"] < today)
    return table.assign(
        ended=ended,
        solved=ended & (table["outcome"] == "resolved"),
        withdrawn=withdrawn,
        days=days.where((known | ~withdrawn) & (days >= 0)),
        late=(ended & (closed > table["due"])) | waiting,
        waiting=waiting,
    )
