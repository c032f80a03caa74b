"""The colours of the report on white; the page redefines the variables of the same name for dark mode."""

COLOURS = {
    "paper": "#ffffff",
    "ink": "#17202a",
    "ink2": "#46515c",
    "ink3": "#626d78",
    "up": "#0b4f8a",
    "upI": "#558cbf",
    "upW": "#e9f2f9",
    "dn": "#a84a00",
    "dnI": "#cc7426",
    "dnW": "#fcf0e4",
    "mid": "#5d6873",
    "midI": "#868f99",
    "midW": "#f0f2f5",
    "track": "#e8ecf0",
    "rule": "#d3d9df",
}
