"""What can go wrong between a round and its pages, each with the exit code that the command line gives."""

from __future__ import annotations

import errno

# Errors of the package whose text a clerk may read, in this process or from a kernel that only tells their name.
OWN_ERRORS = {
    "ParamsError": 64,
    "SyntheticError": 64,
    "InputRefused": 3,
    "WeightsError": 3,
    "DisclosureRefused": 4,
    "DriversError": 70,
    "EstimateError": 70,
    "ScoresError": 70,
    "RanksError": 70,
    "OrdinalError": 70,
    "PlannerError": 70,
}
FULL = {errno.ENOSPC, errno.EDQUOT}


class ReportError(Exception):
    """A report could not be made; the text is one Chinese line that never quotes a respondent."""

    exit_code = 70


class AnalysisFailed(ReportError):
    """A notebook failed, or was not run to its last cell, or its page may not be published.

    Parameters
    ----------
    message
        One Chinese line.
    exit_code
        The code of the package's own error, where that is what stopped the notebook (64, 3 or 4).
    """

    def __init__(self, message: str, exit_code: int = 70) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class NotWritable(ReportError):
    """The output folder cannot be written."""

    exit_code = 73


class DiskFull(ReportError):
    """The disk, or the quota, is full."""

    exit_code = 74


class RoundBusy(ReportError):
    """Another process is running the round."""

    exit_code = 75


def from_os_error(error: OSError) -> ReportError:
    """Turn a failed write into the error that tells a clerk what to do.

    >>> from_os_error(OSError(28, "No space left on device")).exit_code
    74
    """
    if error.errno in FULL:
        return DiskFull("磁盘已满或超出配额，没有发布任何内容，旧报告未动；请清理空间后重跑")
    name = str(error.filename).rpartition("/")[2] if error.filename else "输出文件夹"
    return NotWritable(f"“{name}”不能读写，没有发布任何内容，旧报告未动；请检查权限，或用 --out 换一个文件夹")
