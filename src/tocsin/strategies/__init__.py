"""Strategies: one file per published treatment rule, and what following one means."""

from tocsin.strategies.follow import arms, follow
from tocsin.strategies.trigger import first_due
from tocsin.strategies.zhou2023_conventional import ZHOU2023_CONVENTIONAL
from tocsin.strategies.zhou2023_early import ZHOU2023_EARLY

STRATEGIES = {"zhou2023_early": ZHOU2023_EARLY, "zhou2023_conventional": ZHOU2023_CONVENTIONAL}

__all__ = ["STRATEGIES", "ZHOU2023_CONVENTIONAL", "ZHOU2023_EARLY", "arms", "first_due", "follow"]
