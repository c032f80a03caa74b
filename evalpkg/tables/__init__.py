"""Protected results as HTML tables: great-tables builds them, the page's own style dresses them."""

from evalpkg.tables.verbs import (
    composition,
    departments,
    drivers,
    fieldwork,
    problems,
    scores,
    shares,
    themes,
)

__all__ = ["composition", "departments", "drivers", "fieldwork", "problems", "scores", "shares", "themes"]
