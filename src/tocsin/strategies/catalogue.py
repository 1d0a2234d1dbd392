"""Every published rule that is encoded, by name. Loaded only where it is asked for: a study needs none of it.

A rule fires once a course, and only on the history up to the first dose of what it gives (`follow`): that no
tocilizumab came before it in the episode, which every source asks for, needs no words in the rule. That a second
episode makes it due again is not encoded. Signs a reviewer charted as having another cause do not count. Rules that
could not be verified (obecabtagene, the Chinese products) are left out, and so is Teachey 2016, whose coefficients are
not known.
"""

from tocsin.strategies import (
    anakinra_prophylaxis,
    asco2021,
    caimi2021,
    cartox2018,
    ebmt2022,
    gardner2019,
    hay_preempt,
    il6_zhang2022,
    kadauke2021,
    label_axi_cel,
    label_brexu_cel,
    label_cilta_cel,
    label_ide_cel,
    label_liso_cel,
    label_tisa_cel_2018,
    lee2014,
    nccn_prolonged,
    nci2016,
    sitc2020,
    zhou2023_conventional,
    zhou2023_early,
    zuma1_c3,
    zuma1_c4,
    zuma1_c6,
)
from tocsin.when import Strategy

CATALOGUE: dict[str, Strategy] = {
    "zhou2023_early": zhou2023_early.ZHOU2023_EARLY,
    "zhou2023_conventional": zhou2023_conventional.ZHOU2023_CONVENTIONAL,
    **lee2014.RULES,
    **nci2016.RULES,
    **cartox2018.RULES,
    **nccn_prolonged.RULES,
    **sitc2020.RULES,
    **asco2021.RULES,
    **ebmt2022.RULES,
    **hay_preempt.RULES,
    **gardner2019.RULES,
    **kadauke2021.RULES,
    **il6_zhang2022.RULES,
    **zuma1_c4.RULES,
    **label_tisa_cel_2018.RULES,
    **label_axi_cel.RULES,
    **label_brexu_cel.RULES,
    **label_liso_cel.RULES,
    **label_ide_cel.RULES,
    **label_cilta_cel.RULES,
    **caimi2021.RULES,
    **zuma1_c3.RULES,
    **zuma1_c6.RULES,
    **anakinra_prophylaxis.RULES,
}
