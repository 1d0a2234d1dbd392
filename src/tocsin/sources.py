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
LEE_2014 = Source(
    "lee2014",
    "Lee DW et al. Current concepts in the diagnosis and management of cytokine release syndrome. "
    "Blood 2014;124:188-195",
    "10.1182/blood-2014-05-552729",
    "grading table",
)
PORTER_2018 = Source(
    "porter2018",
    "Porter D et al. Grading of cytokine release syndrome associated with the CAR T cell therapy tisagenlecleucel. "
    "J Hematol Oncol 2018;11:35",
    "10.1186/s13045-018-0571-y",
    "Penn grading scale and high-dose vasopressor table",
)
PARK_2018 = Source(
    "park2018",
    "Park JH et al. Long-term follow-up of CD19 CAR therapy in acute lymphoblastic leukemia. N Engl J Med "
    "2018;378:449-459, as summarised in PMC7006459 table 2",
    "",
    "MSKCC grading of cytokine release syndrome",
)
DAVILA_2014 = Source(
    "davila2014",
    "Davila ML et al. Efficacy and toxicity management of 19-28z CAR T cell therapy in B cell acute lymphoblastic "
    "leukemia. Sci Transl Med 2014;6:224ra25",
    "",
    "severe CRS criteria",
)
NEELAPU_2018 = Source(
    "neelapu2018",
    "Neelapu SS et al. Chimeric antigen receptor T-cell therapy: assessment and management of toxicities. "
    "Nat Rev Clin Oncol 2018;15:47-62",
    "10.1038/nrclinonc.2017.148",
    "CRS and CRES grading (CARTOX)",
)
CTCAE_403 = Source(
    "ctcae403",
    "NCI Common Terminology Criteria for Adverse Events v4.03, as restated in secondary sources",
    "",
    "cytokine release syndrome",
)
CTCAE_5 = Source(
    "ctcae5",
    "NCI Common Terminology Criteria for Adverse Events v5.0, as mapped in the v6.0 workbook",
    "",
    "cytokine release syndrome",
)
CTCAE_6 = Source(
    "ctcae6",
    "NCI Common Terminology Criteria for Adverse Events v6.0 (2025, errata 2026-01)",
    "",
    "cytokine release syndrome",
)
CHINA_2023 = Source(
    "china2023",
    "Chinese expert consensus on the toxicity of CAR-T cell therapy for B-cell lymphoma. Cancer Biol Med 2023;20:129",
    "10.20892/j.issn.2095-3941.2022.0585",
    "Table 1",
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

ALL = {
    source.key: source
    for source in (
        LEE_2014, PORTER_2018, PARK_2018, DAVILA_2014, NEELAPU_2018, CTCAE_403, CTCAE_5, CTCAE_6, CHINA_2023, LEE_2019,
        ZHOU_2023, MAHADEO_2019, KYMRIAH_LABEL, MARSHALL, TRAUBE_2014, SPEC,
    )
}  # fmt: skip
