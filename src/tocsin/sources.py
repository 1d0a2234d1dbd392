"""Where a number comes from: papers, and how far each line may be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tag = Literal["V", "V2", "Mh", "Mm", "Ml", "R"]

TAG_WORDS: dict[str, str] = {
    "V": "read in a source that states it",
    "V2": "read in a secondary source that restates it",
    "Mh": "from memory, high confidence; check before release",
    "Mm": "from memory, medium confidence; check before release",
    "Ml": "from memory, low confidence; check before release",
    "R": "our reading of a point the sources leave open; change it as a parameter",
}


@dataclass(frozen=True)
class Source:
    """A citation. `doi` without the resolver address; `where` is the table or section."""

    key: str
    text: str
    doi: str = ""
    where: str = ""

    def __str__(self) -> str:
        parts = [self.text, self.where, f"doi:{self.doi}" if self.doi else ""]
        return ", ".join(part for part in parts if part)


LEE_2019 = Source(
    "lee2019",
    "Lee DW et al. ASTCT consensus grading for cytokine release syndrome and neurologic toxicity associated with "
    "immune effector cells. Biol Blood Marrow Transplant 2019;25:625-638",
    "10.1016/j.bbmt.2018.12.758",
    "Tables 2 to 5",
)
ZHOU_2023 = Source(
    "zhou2023",
    "Zhou L et al. Early tocilizumab for cytokine release syndrome after CD19 CAR-T cell therapy in acute "
    "lymphoblastic leukaemia. Chin J Hematol 2023;44:1022-1027",
    "10.3760/cma.j.issn.0253-2727.2023.12.009",
    "Chinese and English abstracts",
)
MAHADEO_2019 = Source(
    "mahadeo2019",
    "Mahadeo KM et al. Management guidelines for paediatric patients receiving chimeric antigen receptor T cell "
    "therapy. Nat Rev Clin Oncol 2019;16:45-63",
    "10.1038/s41571-018-0075-2",
    "Table 2",
)
KYMRIAH_LABEL = Source("kymriah2018", "Kymriah US prescribing information, 2018 text", "", "section 2.4, table 1")
MARSHALL = Source("marshall", "Modified Marshall table of inspired oxygen by flow, MSD manual")
TRAUBE_2014 = Source(
    "traube2014", "Traube C et al. Cornell Assessment of Pediatric Delirium. Crit Care Med 2014;42:656-663"
)
SPEC = Source("tocsin-spec", "tocsin clinical specification: our reading where the sources are silent")

ALL = {source.key: source for source in (LEE_2019, ZHOU_2023, MAHADEO_2019, KYMRIAH_LABEL, MARSHALL, TRAUBE_2014, SPEC)}
