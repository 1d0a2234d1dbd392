"""Signs: what a clinician would know about a patient at each moment. All carry-forward and expiry lives here."""

from tocsin.signs.parameters import Parameters
from tocsin.signs.readings import readings
from tocsin.signs.run import WIDE, Signs, doses, run, situations

__all__ = ["WIDE", "Parameters", "Signs", "doses", "readings", "run", "situations"]
