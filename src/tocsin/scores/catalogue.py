"""What each score is called, its formula in words, its unit, source and evidence tag."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.sources import LEE_2019, NEELAPU_2018, TRAUBE_2014, Source, Tag

PENNISI_2021 = Source(
    "pennisi2021",
    "Pennisi M et al. Modified EASIX predicts severe cytokine release syndrome and neurotoxicity after chimeric "
    "antigen receptor T cells. Blood Adv 2021;5:3397-3406",
    "10.1182/bloodadvances.2020003885",
    "abstract",
)
REJESKI_2021 = Source(
    "rejeski2021",
    "Rejeski K et al. CAR-HEMATOTOX: a model for CAR T-cell-related hematologic toxicity in relapsed/refractory large "
    "B-cell lymphoma. Blood 2021;138:2499-2513",
    "10.1182/blood.2020010543",
    "score table as restated in public",
)
REJESKI_2023 = Source(
    "rejeski2023",
    "Rejeski K et al. Immune effector cell-associated hematotoxicity: EHA/EBMT consensus grading and best practice "
    "recommendations. Blood 2023;142:865-877",
    "10.1182/blood.2023020578",
    "bands as restated in public code (emilyliangmd/automatedicahtgrading)",
)
HINES_2023 = Source(
    "hines2023",
    "Hines MR et al. Immune effector cell-associated hemophagocytic lymphohistiocytosis-like syndrome. "
    "Transplant Cell Ther 2023;29:438.e1-438.e16",
    "10.1016/j.jtct.2023.03.006",
    "abstract; criteria from memory",
)
FARDET_2014 = Source(
    "fardet2014",
    "Fardet L et al. Development and validation of the HScore, a score for the diagnosis of reactive hemophagocytic "
    "syndrome. Arthritis Rheumatol 2014;66:2613-2620",
    "10.1002/art.38690",
    "as restated by openEHR GDL2 HScore.v1",
)
HAY_2017 = Source(
    "hay2017",
    "Hay KA et al. Kinetics and biomarkers of severe cytokine release syndrome after CD19 chimeric antigen "
    "receptor-modified T-cell therapy. Blood 2017;130:2295-2306",
    "10.1182/blood-2017-06-793141",
    "abstract; thresholds from memory",
)

NOT_SHIPPED = "Teachey 2016 is not computed: its coefficients could not be verified in any source."
NEEDS_MORE = (
    "Not computed from records, which have no columns for all of their items: ICE, CARTOX-10 and CAPD from items, "
    "HScore, the Hay 2017 rule, severe CRS of Davila 2014 (functions in tocsin.scores)."
)


@dataclass(frozen=True)
class Score:
    """A score as it is printed. `unit` is that of its value; a ratio has none."""

    name: str
    title: str
    words: str
    unit: str
    source: Source
    tag: Tag


_ALL = (
    Score("easix", "EASIX", "LDH U/L x creatinine mg/dL / platelets 10^9/L", "", PENNISI_2021, "V"),
    Score("s_easix", "s-EASIX", "LDH U/L / platelets 10^9/L", "", PENNISI_2021, "V"),
    Score("m_easix", "m-EASIX", "LDH U/L x CRP mg/dL / platelets 10^9/L", "", PENNISI_2021, "V"),
    Score("car_hematotox", "CAR-HEMATOTOX", "platelets, ANC, Hb, CRP and ferritin", "points 0-7", REJESKI_2021, "V2"),
    Score("icaht_early", "early ICAHT", "neutrophils, days 0 to 30", "grade 0-4", REJESKI_2023, "V2"),
    Score("icaht_late", "late ICAHT", "neutrophils, days 31 to 100", "grade 0-4", REJESKI_2023, "V2"),
    Score("icaht_platelets_early", "early platelet ICAHT", "platelets, days 0 to 30", "grade 0-4", REJESKI_2023, "V2"),
    Score("icaht_platelets_late", "late platelet ICAHT", "platelets, days 31 to 100", "grade 0-4", REJESKI_2023, "V2"),
    Score("iec_hs_screen", "IEC-HS screen", "ferritin and two common signs", "1 possible, 0 not", HINES_2023, "Mh"),
    Score("ice", "ICE", "orientation, naming, command, writing, attention", "points 0-10", LEE_2019, "V"),
    Score("cartox_10", "CARTOX-10", "orientation, naming, writing, attention", "points 0-10", NEELAPU_2018, "Mh"),
    Score("capd", "CAPD", "eight items of 0 to 4", "points 0-32", TRAUBE_2014, "V2"),
    Score("hscore", "HScore", "nine items", "points 0-337", FARDET_2014, "V2"),
    Score("hay_2017", "Hay 2017 rule", "fever within 36 h, then MCP-1", "1 high risk, 0 not", HAY_2017, "Mh"),
)
CATALOGUE = {score.name: score for score in _ALL}
FROM_RECORDS = tuple(score.name for score in _ALL[:9])
