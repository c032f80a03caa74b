"""Findings that leaders can trust from a half-yearly anonymous survey of private enterprises.

A notebook needs one import, `import evalpkg as ev`: a module is loaded when it is first named (`ev.scores`).
"""

from types import ModuleType

__version__ = "0.1.0"

_MODULES = (
    "appeals",
    "cli",
    "codebook",
    "complaints",
    "disclosure",
    "drivers",
    "estimate",
    "fieldwork",
    "figures",
    "fragment",
    "groups",
    "ingest",
    "integrity",
    "measures",
    "ordinal",
    "outlook",
    "params",
    "planner",
    "privacy",
    "ranks",
    "report",
    "scores",
    "survey",
    "synthetic",
    "tables",
    "text",
    "trends",
    "weights",
    "words",
)


def __getattr__(name: str) -> ModuleType:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # here, so that `import evalpkg` alone loads nothing

    return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return [*_MODULES, "__version__"]
