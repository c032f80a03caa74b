"""A Parquet file as lines of text: every cell as a clerk would have written it; only plain columns, nothing is unpickled."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evalpkg.ingest.problems import InputRefused, Problem
from evalpkg.ingest.text_file import WIDEST, refused

if TYPE_CHECKING:
    import pyarrow as pa

UNPACKED = 500_000_000  # bytes, as the file's own list of contents states them
CELLS = 50_000_000  # equal cells take no room in the file, but do once read
BATCH = 20_000  # rows
Texts = NDArray[np.object_]


def read_parquet(path: Path) -> tuple[list[list[str]], list[Problem]]:
    """Read a Parquet file.

    Whole numbers stand without decimals, days as 2021-06-03, times as 2021-06-03 09:05:07, truth as TRUE and FALSE as in a
    spreadsheet; what is null or not a number is empty.

    Returns
    -------
    list of list of str, list of Problem
        The names of the columns, then every row; no warnings.

    Raises
    ------
    InputRefused
        pyarrow is not installed; the file is broken, unpacks to too much, is too wide, or has columns of lists, records,
        bytes or other things that are no cells; NUL characters.
    """
    parquet = _library(path)
    import pyarrow as pa

    try:
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            _check(file, path)
            texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        # As a dictionary a text that stands in every row is held once, as it is in the file.
        with parquet.ParquetFile(path, pre_buffer=False, read_dictionary=texts) as file:
            rows = _rows(file, path)
    # of what is broken pyarrow says "arrow exception", of bytes that are no text "unicode", of the year 12000 "overflow"
    except (pa.ArrowException, OSError, UnicodeError, OverflowError, ValueError):
        raise refused("E-FORMAT", path.name, "不是完好的 Parquet 文件；请重新导出") from None
    if any("\x00" in cell for row in rows for cell in row):
        raise refused("E-NUL", path.name, "文件里有不可见的空字符（NUL）；请重新导出")
    return rows, []


def _library(path: Path) -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        said = "没有装读 Parquet 的程序；请运行 pip install 'evalpkg[parquet]'，或另存为 .xlsx"
        raise refused("E-PARQUET", path.name, said) from None
    return pyarrow.parquet


def _check(file: Any, path: Path) -> None:
    """Refuse by the list of contents what is too large, too wide or no table of cells, before any of it is unpacked."""
    metadata, schema = file.metadata, file.schema_arrow
    if len(schema) > WIDEST:
        raise refused("E-TOOWIDE", path.name, f"列数超过 {WIDEST}；请只导出问卷的列")
    nested = [str(at) for at, field in enumerate(schema, start=1) if not _is_cell(field.type)]
    if nested:
        raise refused(
            "E-FORMAT",
            path.name,
            f"第 {'、'.join(nested[:10])} 列不是文字、数或日期（是列表、记录或二进制）；请拆成普通的列再导出",
        )
    unpacked = sum(metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups))
    if unpacked > UNPACKED or metadata.num_rows * len(schema) > CELLS:
        raise _bomb(path)


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_cell(kind: pa.DataType) -> bool:
    """Tell whether a column holds what one cell can: text, a number, truth, a day or time, or nothing."""
    import pyarrow.types as types

    if types.is_dictionary(kind):
        return not types.is_dictionary(kind.value_type) and _is_cell(kind.value_type)
    known = (
        types.is_string, types.is_large_string, types.is_integer, types.is_floating, types.is_decimal, types.is_boolean,
        types.is_date, types.is_timestamp, types.is_time, types.is_null,
    )  # fmt: skip
    return any(is_kind(kind) for is_kind in known)


def _rows(file: Any, path: Path) -> list[list[str]]:
    rows = [[str(name) for name in file.schema_arrow.names]]
    for batch in file.iter_batches(batch_size=BATCH, use_threads=False):
        # counted as they come, for the list of contents may lie about them
        if (len(rows) + batch.num_rows) * batch.num_columns > CELLS:
            raise _bomb(path)
        batch.validate(
            full=True
        )  # places beyond a dictionary, bytes that are no text: pyarrow reads on regardless
        columns = [_texts(column) for column in batch.columns]
        rows += [list(row) for row in zip(*columns, strict=True)]
    return rows


def _texts(column: Any) -> Texts:
    """Write every distinct value of a column once, (n,)."""
    import pyarrow as pa

    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    if pa.types.is_null(column.type):
        return np.full(len(column), "", dtype=object)
    words = np.array(["", *map(_text, _values(coded.dictionary))], dtype=object)
    place = coded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    texts: Texts = words[place + 1]
    return texts


def _values(distinct: Any) -> list[Any]:
    """Give values as Python has them; nanoseconds, which it has not, are cut off."""
    import pyarrow as pa

    kind = distinct.type
    if pa.types.is_timestamp(kind):
        distinct = distinct.cast(pa.timestamp("us", kind.tz), safe=False)
    elif pa.types.is_time(kind):
        distinct = distinct.cast(pa.time64("us"), safe=False)
    elif pa.types.is_float16(kind) or pa.types.is_float32(kind):
        return list(distinct.to_numpy(zero_copy_only=False))  # 8.1 in half the bytes is not 8.100000381469727
    return list(distinct.to_pylist())


def _text(value: Any) -> str:
    """Write a value as a person would: 8.0 is "8", a moment as the clock on the wall showed it."""
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | np.floating | decimal.Decimal):
        whole = np.isfinite(float(value)) and value == int(value)
        return str(int(value)) if whole else str(value)
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ")
    return str(value)


def _bomb(path: Path) -> InputRefused:
    said = f"解压后超过 {UNPACKED // 1_000_000} MB 或 {CELLS:,} 格；请分成几个文件"
    return refused("E-BOMB", path.name, said)
