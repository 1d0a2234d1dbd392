"""Episodes read off the list of minutes that `naive.signs.course_signs` returns."""


def criterion_holds(signs):
    return (
        signs["fever"] is True or signs["hypotension"] is True or signs["vasopressors_all"] >= 1 or signs["oxygen"] >= 1
    )


def episodes(minutes, course_ended, died):
    """One dict an episode. `course_ended`: the list stops because the course did, `died` because of death."""
    found, current = [], None
    for signs in minutes:
        if signs["episode_open"] and current is None:
            current = {"episode": len(found) + 1, "onset": signs["minute"], "end": None, "closed_at": None}
            found.append(current)
        elif not signs["episode_open"] and current is not None:
            current["closed_at"] = signs["minute"]
            current["closed_by"] = "resolved" if signs["covered"] else "end_of_records"
            current["end"] = current.pop("last") + 1
            current = None
        if current is not None and criterion_holds(signs):
            current["last"] = signs["minute"]
    if current is not None:
        held = current.pop("last")
        if course_ended:
            current["end"], current["closed_at"] = held + 1, minutes[-1]["minute"] + 1
        current["closed_by"] = "death" if died else "end_of_records" if course_ended else "still_open"
    return found
