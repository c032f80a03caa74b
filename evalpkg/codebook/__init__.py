"""What the questionnaire asks: items, scales, gates, missing codes, departments and districts."""

from evalpkg.codebook.questionnaire import (
    NUMERIC,
    Codebook,
    Item,
    Scale,
    load,
    match_key,
    token_key,
)
from evalpkg.codebook.size_rules import SizeRules
from evalpkg.codebook.sizing import CLASSES, INDIVIDUAL, Sizing

__all__ = [
    "CLASSES",
    "INDIVIDUAL",
    "NUMERIC",
    "Codebook",
    "Item",
    "Scale",
    "SizeRules",
    "Sizing",
    "load",
    "match_key",
    "token_key",
]
