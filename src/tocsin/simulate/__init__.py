"""Virtual patients as the records of a hospital, and apart from them their truth: what `tocsin simulate` makes."""
