"""The study report as a Word document: the blocks of the page with real tables, its figures as PNG, nothing else."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape

from tocsin.report.blocks import Block, Cell, Grid
from tocsin.report.drawing import Figure, size_of
from tocsin.report.sections import sections
from tocsin.report.words import Lang, Words
from tocsin.tables import StudyResults

WIDTH_CM, HEIGHT_CM = 17.0, 22.5  # the text of an A4 page, with room for a title and a caption
FIXED = datetime(2000, 1, 1)  # the same results give the same bytes
RED, SOFT, PALE, LINE = "B3121D", "55626C", "F4F7F9", "B8C2CA"
CHINESE_FONT = "Microsoft YaHei"  # on every computer with Word; Latin text never uses it
RESEARCH = {"en": "Research software.", "zh": "研究软件。"}
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
GAP = 14  # between the charts of a sheet
_BORDERS = "".join(
    f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="{LINE}"/>' for side in ("top", "bottom", "insideH")
)


def word_bytes(results: StudyResults, figures: list[Figure], pictures: Mapping[str, bytes], lang: Lang = "en") -> bytes:
    """The report as .docx; the same input gives the same bytes.

    `results` are checked (`files.complete`); `pictures` holds the PNG of a figure by its name. A figure without a
    picture gives its words for those who cannot see it. Characters that XML cannot hold print as U+FFFD.
    """
    words = Words(lang)
    page = WordPage(words)
    page.front(results.meta)
    for number, part in enumerate(sections(results, words, figures), 1):
        page.heading(f"{number} {part.title}", 1)
        for block in part.blocks:
            page.block(block, pictures)
    page.footer(results.meta)
    return page.saved()


def clean(text: Any) -> str:
    """Text that may stand in XML."""
    return _ILLEGAL.sub("\ufffd", str(text))


class WordPage:
    """A document that grows; tables are written as XML at once, since cell by cell takes ten times as long."""

    def __init__(self, words: Words) -> None:
        from docx import Document
        from docx.oxml.ns import qn
        from docx.shared import Cm, Pt

        self.words, self.document = words, Document()
        sheet = self.document.sections[0]
        sheet.page_width, sheet.page_height = Cm(21.0), Cm(29.7)
        sheet.left_margin = sheet.right_margin = Cm(2)
        sheet.top_margin = sheet.bottom_margin = Cm(1.8)
        for name, size in (("Normal", 10), ("Title", 20), ("Heading 1", 14), ("Heading 2", 11), ("Caption", 9)):
            style: Any = self.document.styles[name]
            style.font.name, style.font.size = "Arial", Pt(size)
            fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
            for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
                fonts.attrib.pop(qn(f"w:{theme}"), None)
            fonts.set(qn("w:eastAsia"), CHINESE_FONT)
        self.document.styles["Normal"].paragraph_format.space_after = Pt(4)  # pyright: ignore[reportAttributeAccessIssue]
        self.document.styles["Caption"].paragraph_format.keep_with_next = True  # pyright: ignore[reportAttributeAccessIssue]

    def notice(self, meta: dict[str, Any]) -> str:
        """What the document is not, and that the data are synthetic where they are."""
        said = [RESEARCH[self.words.lang], self.words("device")]
        return " ".join([*said, self.words("banner")] if meta.get("synthetic") else said)

    def front(self, meta: dict[str, Any]) -> None:
        """Title, notice, what is synthetic, version and specification."""
        words, title = self.words, clean(self.words.meta(meta, "title") or self.words("title"))
        core = self.document.core_properties
        core.title, core.author, core.comments = title[:255], "tocsin", self.notice(meta)
        core.created = core.modified = FIXED
        self.heading(title, 0)
        self.paragraph(self.notice(meta), bold=True)
        if meta.get("synthetic") and (note := words.meta(meta, "synthetic_note")):
            self.paragraph(note)
        made = words("made_by", version=meta.get("version") or words("unknown"))
        spec = words("spec", spec=str(meta["spec_hash"])[:12]) if meta.get("spec_hash") else ""
        self.paragraph(" · ".join(part for part in (made, spec) if part), soft=True)

    def footer(self, meta: dict[str, Any]) -> None:
        """The notice and the page number on every page."""
        from docx.oxml import parse_xml

        foot: Any = self.document.sections[0].footer.paragraphs[0]
        self._run(foot, f"{self.notice(meta)}  ", soft=True)
        foot._p.append(parse_xml(f'<w:fldSimple {_W} w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple>'))

    def heading(self, text: str, level: int) -> None:
        """A heading of the document's outline."""
        self.paragraph(text, style=f"Heading{level}" if level else "Title")

    def paragraph(self, text: str, bold: bool = False, soft: bool = False, red: bool = False, style: str = "") -> Any:
        """A paragraph; `style` is the id of a Word style (by name, python-docx searches all of them)."""
        made: Any = self.document.add_paragraph()
        if style:
            made._p.style = style
        self._run(made, text, bold, soft, red)
        return made

    @staticmethod
    def _run(paragraph: Any, text: str, bold: bool = False, soft: bool = False, red: bool = False) -> None:
        from docx.shared import Pt, RGBColor

        run = paragraph.add_run(clean(text))
        run.bold = bold or None
        if soft:
            run.font.size = Pt(8.5)
        if soft or red:
            run.font.color.rgb = RGBColor.from_string(RED if red else SOFT)

    def block(self, block: Block, pictures: Mapping[str, bytes]) -> None:
        """One block of a section."""
        data = block.data
        match block.kind:
            case "text":
                self.paragraph(data)
            case "note":
                self.paragraph(data, soft=True)
            case "warnings":
                self.paragraph(self.words("warning.short" if data["short"] else "warning.head"), bold=True, red=True)
                self._said(data["rows"], True)
            case "remarks":
                self.paragraph(self.words("warning.also"), bold=True)
                self._said(data, False)
            case "pairs":
                for one in data:
                    self._run(made := self.paragraph(f"{one['term']}{self.words('colon')}", bold=True), one["text"])
                    if one["more"]:
                        self._run(made, f" {one['more']}", soft=True)
            case "flow":
                self._flow(data)
            case "table":
                self.table(data)
            case "figure" | "panels":
                self.figure(data, pictures.get(data.name))

    def _said(self, rows: list[dict[str, str]], red: bool) -> None:
        for one in rows:
            made = self.paragraph(
                f"{one['arm']}{self.words('colon')}" if one["arm"] else "", bold=True, red=red, style="ListBullet"
            )
            self._run(made, one["text"], red=red)

    def _flow(self, data: dict[str, Any]) -> None:
        """Who left at which step, as a table: Word has no flow chart that stays in place."""
        words = self.words
        rows = [(Cell(words("who.in", n=data["steps"][0]["came"]), "group", 3),)] + [
            (
                Cell(words("who.left", n=one["out"]), "strong"),
                Cell(one["step"], more=one["why"]),
                Cell(words("who.lost", n=one["lost"]) if one["lost"] else words("who.none_lost")),
            )
            for one in data["steps"]
        ]
        rows += [(Cell(one["arm"], "strong"), Cell(f"n = {one['n']}", span=2)) for one in data["arms"]]
        self._add_table(Grid("", (), tuple(rows)))

    def figure(self, figure: Figure, picture: bytes | None) -> None:
        """Title, picture with its words, caption; many small charts go on over several pages, whole rows on each."""
        self.heading(figure.title, 2)
        if picture is None:
            self.paragraph(figure.alt)
        else:
            for first, last in _slices(figure):
                self._picture(figure, picture, first, last)
        if figure.caption:
            self.paragraph(figure.caption, style="Caption")

    def _picture(self, figure: Figure, picture: bytes, first: float, last: float) -> None:
        """The part of the picture between two shares of its height, as wide as the page where it is not too high."""
        from docx.oxml import parse_xml
        from docx.shared import Cm

        wide, high = size_of(figure.svg)
        ratio = high * (last - first) / wide
        width = min(WIDTH_CM, HEIGHT_CM / ratio)
        paragraph = self.document.add_paragraph()
        paragraph.paragraph_format.keep_with_next = True
        stream = io.BytesIO(picture)
        shape: Any = paragraph.add_run().add_picture(stream, width=Cm(width), height=Cm(width * ratio))
        shape._inline.docPr.set("descr", clean(figure.alt))
        shape._inline.docPr.set("name", clean(figure.name))
        if (first, last) != (0, 1):
            cut = f't="{round(first * 1e5)}" b="{round((1 - last) * 1e5)}"'
            filled = shape._inline.graphic.graphicData.pic.blipFill
            filled.insert(1, parse_xml(f"<a:srcRect {_A} {cut}/>"))

    def table(self, grid: Grid) -> None:
        """Caption, then the table with heads that repeat on every page."""
        self.paragraph(grid.caption, style="Caption")
        self._add_table(grid)

    def _add_table(self, grid: Grid) -> None:
        from docx.oxml import parse_xml

        body = self.document.element.body
        body.insert(len(body) - 1, parse_xml(_table_xml(grid)))  # before the section's properties
        self.document.add_paragraph()

    def saved(self) -> bytes:
        """The file, its parts dated `FIXED`; pictures are not packed twice."""
        first, last = io.BytesIO(), io.BytesIO()
        self.document.save(first)
        with zipfile.ZipFile(first) as made, zipfile.ZipFile(last, "w") as out:
            for name in made.namelist():
                entry = zipfile.ZipInfo(name, FIXED.timetuple()[:6])
                entry.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
                out.writestr(entry, made.read(name))
        return last.getvalue()


def _slices(figure: Figure) -> list[tuple[float, float]]:
    """Shares of the height at which a sheet of small charts (`drawing.sheet`) goes on to the next page."""
    wide, high = size_of(figure.svg)
    if not figure.panels or high / wide * WIDTH_CM <= HEIGHT_CM:
        return [(0, 1)]
    sizes = [size_of(svg) for svg, _ in figure.panels]
    columns = max(1, int(wide // max(w for w, _ in sizes)))
    rows = -(-len(sizes) // columns)
    row = max(h for _, h in sizes) + GAP
    on_page = max(1, int(HEIGHT_CM / WIDTH_CM * wide // row) - 1)  # one less: the key stands above the first
    cuts = [0.0, *((high - (rows - k) * row) / high for k in range(on_page, rows, on_page)), 1.0]
    return list(pairwise(cuts))


def _table_xml(grid: Grid) -> str:
    columns = len(grid.heads) or max(sum(cell.span for cell in row) for row in grid.rows)
    head = tuple(Cell(text, "strong") for text in grid.heads)
    rows = [_row_xml(head, grid.numeric, True)] if head else []
    rows += [_row_xml(row, grid.numeric, False) for row in grid.rows]
    return (
        f'<w:tbl {_W}><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblBorders>{_BORDERS}</w:tblBorders>'
        '<w:tblLayout w:type="autofit"/><w:tblCellMar><w:left w:w="60" w:type="dxa"/><w:right w:w="60" w:type="dxa"/>'
        f"</w:tblCellMar></w:tblPr><w:tblGrid>{'<w:gridCol/>' * columns}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def _row_xml(row: tuple[Cell, ...], numeric: frozenset[int], head: bool) -> str:
    made, column = list[str](), 0
    for cell in row:
        made.append(_cell_xml(cell, column in numeric, head or cell.look == "group"))
        column += cell.span
    header = "<w:tblHeader/>" if head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{header}</w:trPr>{''.join(made)}</w:tr>"


def _cell_xml(cell: Cell, right: bool, shaded: bool) -> str:
    span = f'<w:gridSpan w:val="{cell.span}"/>' if cell.span > 1 else ""
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{PALE}"/>' if shaded else ""
    bold = "<w:b/>" if cell.look in ("strong", "group", "red", "between") else ""
    colour = {"red": RED, "soft": SOFT}.get(cell.look, "")
    side = '<w:jc w:val="right"/>' if right else ""
    runs = _run_xml(cell.text, f'{bold}{f"""<w:color w:val="{colour}"/>""" if colour else ""}<w:sz w:val="15"/>')
    if cell.more:
        runs += _run_xml(f"\n{cell.more}", f'<w:color w:val="{SOFT}"/><w:sz w:val="14"/>')
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="0" w:type="auto"/>{span}{shade}</w:tcPr>'
        f'<w:p><w:pPr><w:spacing w:before="10" w:after="10"/>{side}</w:pPr>{runs}</w:p></w:tc>'
    )


def _run_xml(text: str, look: str) -> str:
    lines = escape(clean(text)).replace("\r", "\n").replace("\t", " ").split("\n")
    body = "<w:br/>".join(f'<w:t xml:space="preserve">{line}</w:t>' for line in lines)
    return f"<w:r><w:rPr>{look}</w:rPr>{body}</w:r>"
