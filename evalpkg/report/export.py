"""Turn an executed notebook into one page of the report, by nbconvert and a template of our own."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbconvert import HTMLExporter

from evalpkg.report import layout
from evalpkg.report.notebooks import Notebook


@dataclass(frozen=True)
class Frame:
    """What stands around every page of a round: masthead, notice, footer.

    `population` is whom the weighted answers stand for; empty when the round is not weighted. `scale` says what 0
    and 100 mean.
    """

    survey: str
    label: str
    number: int
    theme: str
    notice: str
    population: str
    scale: str
    n: int
    fingerprint: str


def exporter() -> HTMLExporter:
    """Build the exporter: our template, no code, no script, no address of another machine."""
    page = HTMLExporter(
        template_name="template",
        extra_template_basedirs=[str(Path(__file__).parent)],
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        require_js_url="",
        mathjax_url="",
        mermaid_js_url="",
        mermaid_layout_elk_js_url="",
        jquery_url="",
        jupyter_widgets_base_url="",
    )
    page.register_filter("notes", layout.notes)
    page.register_filter("readable_ids", layout.readable_ids)
    return page


def render(
    page: HTMLExporter, node: Any, notebook: Notebook, all_pages: Sequence[Notebook], frame: Frame
) -> str:
    """Render the page of one executed notebook.

    Parameters
    ----------
    page
        From `exporter`; one serves all pages.
    node
        The executed notebook; it is not changed.
    notebook, all_pages
        The notebook, and those that the navigation lists.
    """
    node = copy.deepcopy(node)
    node.cells = layout.marked(node.cells)
    known = {
        **asdict(frame),
        "page": notebook.page,
        "pages": [{"page": item.page, "title": item.title} for item in all_pages],
        "heading": f"{notebook.title} · {frame.label} · {frame.survey}",
        "headed": any("<h1" in layout.content(cell) or _markdown_h1(cell) for cell in node.cells),
    }
    html, _ = page.from_notebook_node(node, resources={"page": known})
    return html


def _markdown_h1(cell: Any) -> bool:
    return cell.cell_type == "markdown" and any(line.startswith("# ") for line in cell.source.splitlines())
