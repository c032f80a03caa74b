"""Pages in a real browser: nothing is fetched or run, phone, paper, dark, and what a screen reader meets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import sample_pages

from evalpkg.report import export, index
from evalpkg.report.notebooks import Notebook

pytestmark = pytest.mark.browser

TEMPLATE = Path(export.__file__).parent / "template"
FRAME = export.Frame(
    survey="千家民营企业评议营商环境",
    label="2022 年下半年",
    number=5,
    theme="诉求办理质量回访",
    notice="合成数据　本页全部数字为虚构，仅供检验版式与方法，不代表任何地方、部门或企业。",
    population="全市民营企业",
    scale="非常不满意＝0，非常满意＝100",
    n=1012,
    fingerprint="7c1e 90ab",
)
PAGES = ("index.html", "03_departments.html", "ranked.html", "../index.html")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of sample pages: one round and the list of rounds."""
    out = tmp_path_factory.mktemp("reports")
    folder = out / "2022H2"
    folder.mkdir()
    found = [Notebook(Path(f"{stem}.ipynb")) for stem in sample_pages.PAGES]
    for item in found:
        html = export.render(export.exporter(), sample_pages.executed(item.stem), item, found, FRAME)
        (folder / item.page).write_text(html, encoding="utf-8")
    ranked = sample_pages.notebook(*(sample_pages.executed_cell(*cell) for cell in sample_pages.ranked()))
    html = export.render(export.exporter(), ranked, found[-1], found, FRAME)
    (folder / "ranked.html").write_text(html, encoding="utf-8")
    pages = [{"page": item.page, "title": item.title} for item in found]
    rounds = []
    for name, score in (("2022H2", 73.1), ("2022H1", 71.4), ("2021H2", None)):
        about = {"round": name, "survey": FRAME.survey, "label": f"{name[:4]} 年", "theme": "稳经济政策直达快享",
                 "notice": FRAME.notice, "n": 1012, "fingerprint": "7c1e 90ab", "pages": pages}  # fmt: skip
        rounds.append(index.Listed(about, index.Score(score, score - 1.2, score + 1.2) if score else None))
    (out / "index.html").write_text(index.render(rounds), encoding="utf-8")
    return folder


@pytest.fixture
def visit(browser: Any, reports: Path) -> Iterator[Any]:
    """Return a function that opens a sample page and records what it asks for and complains of."""
    contexts = []

    def open_(name: str, width: int = 1280, scheme: str = "light") -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto((reports / name).resolve().as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()


def box(page: Any, selector: str) -> dict[str, float]:
    found: dict[str, float] = page.locator(selector).first.bounding_box()
    return found


# --- nothing is fetched, nothing runs ------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_for_nothing_but_itself(visit: Any, name: str) -> None:
    page = visit(name)
    assert len(page.asked) == 1
    assert page.said == []


def test_no_script_can_run(visit: Any, reports: Path) -> None:
    html = (reports / "index.html").read_text(encoding="utf-8")
    hostile = html.replace(
        "</main>",
        "<script>document.title = 'run'</script><img src=x onerror=\"document.title='run'\"></main>",
    )
    (reports / "hostile.html").write_text(hostile, encoding="utf-8")
    page = visit("hostile.html")
    assert page.title() != "run"
    assert any("Content Security Policy" in line for line in page.said)


# --- screen --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1280, 1024, 800, 390, 360])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways(visit: Any, name: str, width: int) -> None:
    assert visit(name, width).evaluate("document.documentElement.scrollWidth") <= width


def test_notes_stand_beside_their_figure_and_under_it_on_a_phone(visit: Any) -> None:
    page = visit("03_departments.html")
    figure, notes = box(page, "figure.f760"), box(page, ".notes")
    assert (figure["x"], figure["width"]) == (80, 760)
    assert (notes["x"], notes["width"]) == (880, 320)
    assert notes["y"] == figure["y"]
    phone = visit("03_departments.html", 390)
    assert box(phone, ".notes")["y"] > box(phone, ".read")["y"]


def test_the_three_answers_of_a_row_share_their_height(visit: Any) -> None:
    page = visit("index.html")
    boxes = [page.locator(".a").nth(place).bounding_box() for place in range(1, 4)]
    assert [found["x"] for found in boxes] == [80, 468, 856]
    assert {found["width"] for found in boxes} == {344}
    assert len({(found["y"], found["height"]) for found in boxes}) == 1


def test_the_pages_of_the_round_stay_in_sight(visit: Any) -> None:
    page = visit("index.html")
    page.evaluate("scrollTo(0, 400)")
    assert box(page, "nav")["y"] == 0


# --- phone ---------------------------------------------------------------------------------------------


def test_a_phone_gets_its_own_figure_and_fewer_columns(visit: Any) -> None:
    for width, shown, hidden in ((1280, ".w760", ".w358"), (390, ".w358", ".w760")):
        page = visit("03_departments.html", width)
        assert page.locator(shown).first.is_visible()
        assert not page.locator(hidden).first.is_visible()
        assert page.locator("th.opt").first.is_visible() == (width == 1280)


SIZES = """() => [...document.querySelectorAll('main *, header *, footer *')]
  .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.getClientRects().length && !e.closest('.sr'))
  .map(e => parseFloat(getComputedStyle(e).fontSize) *
    (e.ownerSVGElement ? e.ownerSVGElement.getBoundingClientRect().width / e.ownerSVGElement.viewBox.baseVal.width : 1))"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_no_text_is_smaller_than_twelve(visit: Any, name: str, width: int) -> None:
    sizes = visit(name, width).evaluate(SIZES)
    assert len(sizes) > 10
    assert min(sizes) >= 12


# --- paper ---------------------------------------------------------------------------------------------


def sheets(page: Any) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True, print_background=True)))


def test_the_leaders_page_is_one_sheet(visit: Any) -> None:
    assert sheets(visit("index.html")) == 1


def test_paper_is_white_and_opens_what_is_closed(visit: Any) -> None:
    page = visit("03_departments.html", scheme="dark")
    assert not page.locator("#t-all").is_visible()
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 703, "height": 1000})
    assert page.locator("#t-all").is_visible()
    assert page.locator(".w760").first.is_visible()
    assert not page.locator("nav").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert box(page, "figure.f760 svg")["width"] == 703
    assert page.evaluate("document.documentElement.scrollWidth") == 703


def test_ranked_departments_fit_phone_and_paper(visit: Any) -> None:
    """Only the heat table, which has a row of districts, scrolls by itself on a phone; nothing is cut on paper."""
    cut = "() => [...document.querySelectorAll('.t')].filter(t => t.scrollWidth > t.clientWidth).map(t => t.querySelector('table').id)"
    assert visit("ranked.html", 390).evaluate(cut) == ["tbl-heat-district"]
    page = visit("ranked.html")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 703, "height": 1000})
    assert page.evaluate(cut) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 703


def test_names_of_rows_stay_in_sight_when_a_phone_scrolls_the_heat_table(visit: Any) -> None:
    page = visit("ranked.html", 390)
    page.evaluate("document.querySelector('#tbl-heat-district').parentElement.scrollLeft = 200")
    assert box(page, "#tbl-heat-district tbody tr:nth-child(2) th")["x"] == 16


def test_the_middle_tier_differs_without_colour(visit: Any) -> None:
    page = visit("ranked.html")
    tops = [
        page.evaluate(f"getComputedStyle(document.querySelector('.tier.{tier}')).borderTopStyle")
        for tier in ("up", "mid", "dn")
    ]
    assert tops == ["solid", "double", "solid"]
    assert page.locator("td.hi, td.lo").count() > 10
    said = page.locator("td.hi, td.lo").all_text_contents()
    assert all(text[0] in "▲▼" for text in said)


# --- colours -------------------------------------------------------------------------------------------


def test_dark_mode_follows_the_reader(visit: Any) -> None:
    page = visit("index.html", scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 22, 27)"
    assert page.evaluate("getComputedStyle(document.querySelector('svg text')).fill") == "rgb(245, 168, 98)"


def palettes() -> list[dict[str, str]]:
    css = (TEMPLATE / "page.css").read_text(encoding="utf-8")
    return [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", rule))
        for rule in re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    ]


def luminance(color: str) -> float:
    """Relative luminance of WCAG 2."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_text_and_marks_can_be_told_from_their_ground(palette: dict[str, str]) -> None:
    text = [("ink", "upW"), ("ink", "dnW"), ("ink", "paper"), ("ink2", "paper"), ("ink3", "paper"), ("ink2", "track"), ("up", "paper"), ("up", "upW"),
            ("dn", "paper"), ("dn", "dnW"), ("mid", "paper"), ("ink2", "midW")]  # fmt: skip
    marks = [
        ("upI", "paper"),
        ("upI", "upW"),
        ("dnI", "paper"),
        ("dnI", "dnW"),
        ("midI", "paper"),
        ("red", "paper"),
    ]
    assert [pair for pair in text if contrast(palette[pair[0]], palette[pair[1]]) < 4.5] == []
    assert [pair for pair in marks if contrast(palette[pair[0]], palette[pair[1]]) < 3] == []


# --- accessibility -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_one_heading_and_named_figures(visit: Any, name: str) -> None:
    page = visit(name)
    assert page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.locator("svg:not([aria-hidden]):not([role=img][aria-label])").count() == 0


@pytest.mark.skipif(
    find_spec("axe_playwright_python") is None, reason="axe-playwright-python is not installed"
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(visit: Any, name: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    results = Axe().run(visit(name, scheme=scheme)).response
    found = [
        (fault["id"], [node["html"][:120] for node in fault["nodes"]]) for fault in results["violations"]
    ]
    assert found == []
    assert len(results["passes"]) > 15
