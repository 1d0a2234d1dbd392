"""Recomputes a published or draft table of two groups: percentages, numbers, and P values by every named test."""

from tocsin.audit_table.audit import Audit, Audited, Finding, audit_table
from tocsin.audit_table.printed_numbers import Printed
from tocsin.audit_table.which_test import Candidate, WhichTest, which_test, which_test_of_means

__all__ = [
    "Audit",
    "Audited",
    "Candidate",
    "Finding",
    "Printed",
    "WhichTest",
    "audit_table",
    "which_test",
    "which_test_of_means",
]
