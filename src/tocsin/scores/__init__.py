"""Related toxicities and risk scores: one file a family, each a pure function over plain frames or expressions.

A score with a missing item is missing, never 0; where the items have a range, the lowest and the highest score that
the known items allow stand beside it. Teachey 2016 is not here: its coefficients could not be verified.
"""
