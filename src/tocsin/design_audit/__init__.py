"""Audits a design before its numbers are believed: eight faults, the rows that prove them, and a protocol instead."""

from tocsin.design_audit.audit import FAULTS, AuditResults, Fault, audit
from tocsin.design_audit.found import AuditParameters

__all__ = ["FAULTS", "AuditParameters", "AuditResults", "Fault", "audit"]
