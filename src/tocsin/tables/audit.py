"""What the audit of a design yields: the eight faults, the rows that prove each, and what nobody can say."""

from __future__ import annotations

from tocsin.tables.contract import MINUTE, B, F, I, S, Table, may, need

VERDICTS = ("serious", "note", "cannot_be_said", "not_found")
_COURSE, _ARM = need("course_id", S, "course"), need("arm", S, "arm")
_DUE, _GIVEN = may("due_at", MINUTE, "when the arm's drug was due", "min"), may("given_at", MINUTE, "first dose", "min")

AUDIT = Table(
    "audit",
    "faults of a design that make a comparison misleading, the serious ones first",
    (
        need("no", I, "number of the fault, 1 to 8", low=1, high=8),
        need("code", S, "stable name, e.g. design.arm-defined-by-outcome"),
        need("verdict", S, "whether it is there", choices=VERDICTS),
        need("fault", S, "its name"),
        need("fault_zh", S, "its name in Chinese"),
        may("arms", S, "arms concerned, joined by ;"),
        need("courses", I, "courses that show it", low=0),
        need("text", S, "what was seen, in plain words"),
        need("text_zh", S, "the same in Chinese"),
        need("instead", S, "what to do instead; empty where it is not there"),
        need("instead_zh", S, "the same in Chinese"),
        need("proof", S, "table with the rows that prove it"),
    ),
    ("no",),
)
OUTCOME_DEFINED = Table(
    "audit_outcome_defined",
    "fault 1: when each course of an arm reached the grade its rule waits for",
    (
        _COURSE, _ARM, _DUE, _GIVEN,
        need("scale", S, "scale the grade is on"),
        may("waits_for", F, "grade without which the rule never fires; null = one way among others"),
        may("reached_at", MINUTE, "first minute at which that grade is proved; null = never", "min"),
        need("by_dose", B, "reached at or before the first dose"),
        may("deciding", S, "axes that set the grade at that minute"),
    ),
    ("course_id", "arm", "scale"),
)  # fmt: skip
LEFT_OUT = Table(
    "audit_left_out",
    "fault 2: courses that treatment put in or out of the comparison",
    (
        _COURSE,
        may("arm", S, "arm; null = left out"),
        need("why", S, "no dose, followed no strategy, or chosen by its dose",
             choices=("no_dose", "followed_none", "chosen_by_dose")),
        need("followed", S, "how it followed each strategy"),
        _GIVEN,
        may("grade", I, "highest proved grade", low=0, high=5),
        may("grade_at_most", I, "highest grade that cannot be excluded", low=0, high=5),
    ),
    ("course_id",),
)  # fmt: skip
OVERLAP = Table(
    "audit_overlap",
    "fault 3: from trigger to dose, and outcomes that came before the dose",
    (
        _COURSE, _ARM, _DUE, _GIVEN,
        may("window_to", MINUTE, "last minute at which the dose still follows the rule", "min"),
        need("immortal_h", F, "hours from trigger to dose, in which the course could not fail in this arm", "h"),
        may("outcome", S, "outcome at or before the dose"),
        may("outcome_at", MINUTE, "its minute", "min"),
        need("by_definition", B, "the rule of the arm waits for it (fault 1)"),
    ),
)  # fmt: skip
DOSES_BY_GRADE = Table(
    "audit_doses_by_grade",
    "fault 4: first doses by the grade proved at the time, over the hours still without a dose",
    (
        need("grade", I, "proved grade", low=0, high=5),
        need("courses", I, "courses with any such hour", low=0),
        need("hours", F, "hours at this grade without a dose", "h", low=0),
        need("doses", I, "first doses begun at this grade", low=0),
        may("per_100_h", F, "first doses in 100 hours; null = no hour"),
    ),
    ("grade",),
)
CALENDAR = Table(
    "audit_calendar",
    "fault 5: when each course began, against the other arm",
    (
        need("contrast", S, "arm v arm"), _COURSE, _ARM,
        need("month", S, "month of time zero"),
        need("later_than", F, "courses of the other arm that began earlier; ties half", low=0),
        need("of", I, "courses of the other arm", low=0),
    ),
    ("contrast", "course_id"),
)  # fmt: skip
BEFORE_ASSIGNMENT = Table(
    "audit_before_assignment",
    "fault 6: from time zero to the dose that decides the arm",
    (_COURSE, _ARM, _DUE, _GIVEN, need("hours", F, "hours from time zero to the first dose", "h")),
    ("course_id",),
)
WAIVER = Table(
    "audit_waiver",
    "fault 7: courses graded otherwise once the fever waiver is taken away",
    (
        _COURSE,
        may("arm", S, "arm; null = in none"),
        _GIVEN,
        need("grade", I, "highest proved grade as published, deaths left out", low=0, high=4),
        need("grade_without", I, "the same without the waiver", low=0, high=4),
        need("hours", F, "hours proved at grade 1 or more", "h", low=0),
        need("hours_without", F, "the same without the waiver", "h", low=0),
        need("hours_severe", F, "hours proved severe", "h", low=0),
        need("hours_severe_without", F, "the same without the waiver", "h", low=0),
    ),
    ("course_id",),
)
DETECTABLE = Table(
    "audit_detectable",
    "fault 8: the smallest difference that numbers like these would show",
    (
        need("contrast", S, "arm v arm"),
        need("outcome", S, "outcome"),
        need("n", I, "assessable courses of the first arm", low=0),
        need("events_other", I, "events in the second arm", low=0),
        need("n_other", I, "assessable courses of the second arm", low=0),
        may("below", F, "nearest lower share in the first arm that would show; null = none", low=0, high=1),
        may("above", F, "nearest higher share that would show; null = none", low=0, high=1),
        may("points", F, "percentage points to the nearer of the two; null = no difference would show"),
        need("method", S, "how reckoned"),
    ),
    ("contrast", "outcome"),
)
UNSAID = Table(
    "audit_unsaid",
    "what the records cannot say about the design",
    (
        need("question", S, "question"),
        need("question_zh", S, "question, Chinese"),
        need("why", S, "why nobody can say it from these records"),
        need("why_zh", S, "the same in Chinese"),
        need("do", S, "what would settle it"),
        need("do_zh", S, "the same in Chinese"),
    ),
)
TARGET = Table(
    "audit_protocol",
    "the protocol of the trial to emulate instead, element by element",
    (
        need("element", S, "element of the protocol"),
        need("element_zh", S, "element, Chinese"),
        need("said", S, "as the study would ask it"),
        need("said_zh", S, "the same in Chinese"),
    ),
    ("element",),
)
PROOFS = (
    OUTCOME_DEFINED, LEFT_OUT, OVERLAP, DOSES_BY_GRADE, CALENDAR, BEFORE_ASSIGNMENT, WAIVER, DETECTABLE,
)  # fmt: skip
AUDIT_TABLES = (AUDIT, *PROOFS, UNSAID, TARGET)
