"""The words beside the virtual records: site.toml, study.toml, and what every output says of itself."""

from __future__ import annotations

NOT_EVIDENCE = "Known truth inside an assumed world; not clinical evidence."
NOT_A_DEVICE = "Research software. Not a medical device; not for diagnosis or treatment decisions."

_SITE = """\
# Virtual hospital, written by tocsin simulate. {not_evidence}
# {not_a_device}
zone = "{zone}"

[patients]
file = "patients.csv"
table = "patients"
patient_id = "hospital_no"
sex = "sex"
birth_date = "birth_date"
weight_kg = "weight_kg"
disease = "disease"
blasts_percent = "blasts_percent"
lymphodepletion = "lymphodepletion"
centre = "centre"

[cart]
file = "infusions.csv"
table = "drugs"
patient_id = "hospital_no"
start = "infused_at"
drug = "product"
dose = "cells_per_kg"
dose_unit = "unit"
mode_is = "dose"
route_is = "iv"

[stays]
file = "stays.csv"
table = "stays"
patient_id = "hospital_no"
start = "admitted"
stop = "discharged"
kind = "unit"
discharge_to = "discharge_to"

[vitals]
file = "vitals.csv"
table = "measurements"
patient_id = "hospital_no"
time = "chart_time"
[vitals.temperature]
column = "T"
unit = "°C"
site = "oral"
[vitals.systolic]
column = "SBP"
unit = "mmHg"
method = "cuff"
[vitals.diastolic]
column = "DBP"
unit = "mmHg"
method = "cuff"
[vitals.mean_pressure]
column = "MAP"
unit = "mmHg"
method = "cuff"
[vitals.heart_rate]
column = "HR"
unit = "/min"
[vitals.respiratory_rate]
column = "RR"
unit = "/min"
[vitals.spo2]
column = "SpO2"
unit = "%"

[labs]
file = "labs.csv"
table = "measurements"{labs_zone}
patient_id = "hospital_no"
time = "collected"
available_time = "resulted"
variable = "item"
value = "result"
unit = "unit"

[drugs]
file = "drugs.csv"
table = "drugs"
patient_id = "hospital_no"
start = "given_at"
drug = "drug"
dose = "dose"
dose_unit = "dose_unit"
route = "route"
mode_is = "dose"

[pressors]                # one row per change of rate; a stop is rate 0
file = "pressors.csv"
table = "drugs"
patient_id = "hospital_no"
order_id = "order_no"
start = "from"
drug = "drug"
rate = "rate"
rate_unit = "rate_unit"
mode_is = "infusion"
route_is = "iv"

[oxygen]
file = "oxygen.csv"
table = "supports"
patient_id = "hospital_no"
start = "chart_time"
device = "device"
flow_l_min = "flow_l_min"
fio2 = "fio2"

[neuro]
file = "neuro.csv"
table = "assessments"
patient_id = "hospital_no"
time = "chart_time"
[neuro.ice]
column = "ICE"
[neuro.capd]
column = "CAPD"
[neuro.consciousness]
column = "consciousness"
[neuro.seizure]
column = "seizure"
[neuro.motor_weakness]
column = "motor_weakness"
[neuro.oedema]
column = "oedema"

[cultures]
file = "cultures.csv"
table = "assessments"
patient_id = "hospital_no"
time = "collected"
available_time = "reported"
item_is = "culture"
value = "result"

[register]
file = "outcomes.csv"
table = "outcomes"
patient_id = "hospital_no"
time = "event_date"
what = "event"
value = "result"
method = "method"
sensitivity = "sensitivity"
adjudicated_by = "adjudicated_by"
"""

_STUDY = """\
title = "Virtual patients, world {world}: early tocilizumab after 4 h of high fever v tocilizumab after severe CRS"
question = "Among virtual patients whose truth is known (folder truth), what does the founding design say?"
synthetic = true
synthetic_note = "{patients} virtual patients of the world {world}: {sentence} {not_evidence}"

[data]
path = "."
format = "csv"

[cohort]
time_zero = "infusion"

[strategies.early]
source = "zhou2023"
give = "tocilizumab"
within = "6 h"
when = {{ sign = "temperature", at_least = 39.0, sustained = "4 h", longest_gap = "6 h", min_readings = 2 }}

[strategies.conventional]
source = "zhou2023"
give = "tocilizumab"
within = "6 h"
when = {{ grade_of = "lee2014_crs", at_least = 3 }}

[endpoints]
mrd_negative_cr = {{ from_day = 0, to_day = 35 }}
efs = {{ variant = "ignore_transplant" }}
landmark_day = 28
"""


def site_text(zone: str, labs_zone: str | None = None) -> str:
    """site.toml of the virtual hospital."""
    own = f'\nzone = "{labs_zone}"' if labs_zone else ""
    return _SITE.format(zone=zone, labs_zone=own, not_evidence=NOT_EVIDENCE, not_a_device=NOT_A_DEVICE)


def study_text(world: str, sentence: str, patients: int) -> str:
    """study.toml beside the records, ready to run."""
    plain = sentence.replace("\\", " ").replace('"', "'")
    return _STUDY.format(world=world, sentence=plain, patients=f"{patients:,}", not_evidence=NOT_EVIDENCE)
