"""Estimates over plain arrays: proportions, ranks, survival, competing risks, balance, power. Knows no medicine."""
