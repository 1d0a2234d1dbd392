"""Clone, censor, weight: what would have happened had everybody followed a rule, from hours in which not all did."""
