"""Organ toxicity by CTCAE over a course: every reading against limit and baseline, and the worst of each term."""

from tocsin.organs.run import Organs, organs, organs_records

__all__ = ["Organs", "organs", "organs_records"]
