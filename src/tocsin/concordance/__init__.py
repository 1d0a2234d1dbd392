"""Concordance of scales: how far published scales agree over the same courses, and which criteria part them."""

from tocsin.concordance.comparison import Reckoning, compare
from tocsin.concordance.run import FILES, Compared, concordance, crs_scales, pairs_of
from tocsin.concordance.tables import CONCORDANCE_TABLES

__all__ = ["CONCORDANCE_TABLES", "FILES", "Compared", "Reckoning", "compare", "concordance", "crs_scales", "pairs_of"]
