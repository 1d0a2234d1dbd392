"""Rates of vasopressors in the units of the papers, and the two columns of the table of high doses."""

from naive import facts


def per_minute(row, weight):
    """The rate in ug/min, or None."""
    rate, unit = row["rate"], row["rate_unit"]
    if rate is None:
        return None
    if unit == "ug/min":
        return rate
    if unit == "mg/h":
        return rate * 1000 / 60
    if unit == "ug/kg/min" and weight is not None:
        return rate * weight
    return None


def per_kilogram(row, weight):
    """The rate in ug/kg/min, or None."""
    if row["rate"] is not None and row["rate_unit"] == "ug/kg/min":
        return row["rate"]
    rate = per_minute(row, weight)
    return None if rate is None or weight is None else rate / weight


def strength(row, weight):
    """Orders rows of one order that are equal otherwise: ug/min, else as charted, and no rate last."""
    if row["rate"] is None:
        return -1.0
    rate = per_minute(row, weight)
    return row["rate"] if rate is None else rate


def is_high(column, rows, weight):
    """Whether the running rows (of orders that surely run) are a high dose. `column` is `lee` or `penn`."""
    minute, kilogram = {}, {}
    for row in rows:
        minute[row["drug"]] = minute.get(row["drug"], 0.0) + (per_minute(row, weight) or 0.0)
        kilogram[row["drug"]] = kilogram.get(row["drug"], 0.0) + (per_kilogram(row, weight) or 0.0)
    vasopressin = any(drug in facts.NOT_A_SECOND_VASOPRESSOR for drug in minute)
    others = [drug for drug in minute if drug not in facts.NOT_A_SECOND_VASOPRESSOR]

    def reaches(rate, limit):
        return rate >= limit - 1e-9

    if not others:
        return False
    small = weight is None or weight < 40
    if len(others) == 1 and not vasopressin:
        drug = others[0]
        if drug == "dopamine":
            return reaches(kilogram[drug], 10)
        if drug == "norepinephrine":
            if small or column == "penn":
                return reaches(kilogram[drug], 0.2)
            return reaches(minute[drug], 20)
        if drug == "epinephrine":
            if small or column == "penn":
                return reaches(kilogram[drug], 0.1)
            return reaches(minute[drug], 10)
        if drug == "phenylephrine":
            return reaches(kilogram[drug], 2) if small else reaches(minute[drug], 200)
        return False
    rate = kilogram if small else minute
    equivalent = rate.get("norepinephrine", 0.0) + rate.get("epinephrine", 0.0) + rate.get("phenylephrine", 0.0) / 10
    half_dopamine = kilogram.get("dopamine", 0.0) / 2
    if small:
        equivalent += 0.0 if weight is None else half_dopamine / weight
        return reaches(equivalent, 0.1 if vasopressin else 0.2)
    return reaches(equivalent + half_dopamine, 10 if vasopressin else 20)
