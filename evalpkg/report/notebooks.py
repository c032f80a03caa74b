"""Which notebooks make a report, in which order, under which title, with which declared parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from evalpkg import params
from evalpkg.params import ParamsError

# Titles of the navigation. A notebook that is not listed goes by its first heading.
TITLES = {
    "00_summary": "一页纸",
    "01_sample": "样本",
    "02_outlook": "总体",
    "03_departments": "部门",
    "04_drivers": "影响因素",
    "05_complaints": "突出问题",
    "06_trends": "变化",
    "07_appeals": "诉求",
    "08_measures": "措施",
}
LEADERS_PAGE = "00_summary"


@dataclass(frozen=True)
class Notebook:
    """A notebook of the report: its file, and the page and the title that it gets."""

    path: Path

    @property
    def stem(self) -> str:
        """Name without folder and ending, such as ``03_departments``."""
        return self.path.stem

    @property
    def page(self) -> str:
        """File name of the page; the leaders' page is the round's ``index.html``."""
        return "index.html" if self.stem == LEADERS_PAGE else f"{self.stem}.html"

    @property
    def title(self) -> str:
        """Title in the navigation."""
        return TITLES.get(self.stem) or first_heading(self.path) or self.stem


def find(root: Path) -> list[Notebook]:
    """List the numbered notebooks of a workspace, or of the package where the workspace has none.

    Raises
    ------
    ParamsError
        Neither has a leaders' page.
    """
    for folder in (root / "notebooks", params.bundle() / "notebooks"):
        found = [Notebook(path) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]
        if found:
            return _with_leaders_page(found)
    raise ParamsError(
        "找不到笔记本：项目文件夹的 notebooks/ 里应有 00_summary.ipynb 等；请补上，或重新安装 evalpkg"
    )


def _with_leaders_page(found: list[Notebook]) -> list[Notebook]:
    if all(notebook.stem != LEADERS_PAGE for notebook in found):
        raise ParamsError(f"notebooks/ 里缺少 {LEADERS_PAGE}.ipynb（一页纸）；请补上这本笔记本")
    return found


def first_heading(path: Path) -> str:
    """Read the first Markdown heading of a notebook, without its marks; empty where there is none."""
    import nbformat

    for cell in nbformat.read(path, as_version=4).cells:
        lines = cell.source.splitlines() if cell.cell_type == "markdown" else []
        for line in lines:
            if line.startswith("#"):
                return str(line).lstrip("#").strip()
    return ""


def declared(path: Path) -> set[str]:
    """Names that the cell tagged ``parameters`` of a notebook declares."""
    import papermill

    return set(papermill.inspect_notebook(str(path)))


def require_declared(notebooks: Iterable[Notebook], parameters: Mapping[str, object]) -> None:
    """Refuse parameters that a notebook does not declare; papermill would only warn and run on the default.

    Raises
    ------
    ParamsError
        Names the notebook, the parameter and what the notebook does declare.
    """
    for notebook in notebooks:
        names = declared(notebook.path)
        unknown = "、".join(name for name in parameters if name not in names)
        if unknown:
            known = "、".join(sorted(names)) or "没有任何参数"
            raise ParamsError(
                f"笔记本 {notebook.path.name} 没有声明参数 {unknown}（它声明了：{known}）；"
                "请在第一格写上这个参数，并给该格加上 parameters 标签"
            )
