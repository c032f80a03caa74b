"""Every failure as one Chinese line and an exit code."""

from __future__ import annotations

import re
import sys
from typing import Any

from typer.exceptions import TyperException

USAGE, FAILED, INTERRUPTED = 64, 70, 130


def fail(message: str, code: int) -> Any:
    """Print lines on stderr and leave with an exit code."""
    print(message, file=sys.stderr)
    raise SystemExit(code)


def explain(error: Exception) -> tuple[str, int]:
    """Turn an error into the lines and the exit code that a clerk gets.

    >>> explain(ValueError("张三 13912345678"))
    ('程序内部出错（ValueError），没有发布任何内容；请把这一行和 evalpkg version 的结果告诉维护者', 70)
    """
    if isinstance(error, TyperException):
        return usage(error), USAGE
    code = getattr(error, "exit_code", None)
    if isinstance(code, int):  # told before the report, and all it needs, is imported
        return str(error), code
    from evalpkg.report.errors import OWN_ERRORS, from_os_error

    name = type(error).__name__
    if name in OWN_ERRORS:
        return str(error), OWN_ERRORS[name]
    if isinstance(error, OSError):
        return explain(from_os_error(error))
    return f"程序内部出错（{name}），没有发布任何内容；请把这一行和 evalpkg version 的结果告诉维护者", FAILED


def usage(error: TyperException) -> str:
    """Say in one Chinese line what is wrong with the way a command was called."""
    kind, text = type(error).__name__, error.format_message().split(" Did you mean")[0]
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "evalpkg"
    named = ["".join(found) for found in re.findall(r"'([^']*)'|\(([^)]*)\)$", text)]
    quoted = "、".join(name.removesuffix("...") for name in named) or text.partition(":")[2].strip(" .")
    fault = next((say for start, say in FAULTS if text.startswith(start) or kind == start), "写法不对：{}")
    return f"{fault.format(quoted)}；用法见 {command} --help"


# How typer's own sentences begin (or the name of its error), and what a clerk reads instead.
FAULTS = (
    (
        "No such command",
        "没有命令 {}，可用：demo、new、run、check、plan、themes、comparability、code-sheet、version",
    ),
    (
        "NoArgsIsHelpError",
        "缺少命令，可用：demo、new、run、check、plan、themes、comparability、code-sheet、version",
    ),
    ("NoSuchOption", "没有选项 {}"),
    ("Missing", "缺少{}"),
    ("BadOptionUsage", "选项 {} 后面要写一个值"),
    ("BadParameter", "{} 的值不对"),
    ("Got unexpected extra", "多了参数：{}"),
)
