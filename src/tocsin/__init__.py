"""tocsin: when to treat cytokine release syndrome after CAR-T therapy. Research software, not a medical device."""

__version__ = "0.1.0"
