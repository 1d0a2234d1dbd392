"""The report: tables, figures and words, made from result tables only. `files.write_report` writes all of it."""
