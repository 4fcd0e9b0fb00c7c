"""The ways in: from the bytes of an office's workbook to drafts that the ledger can check.

In: uploaded files. Out: drafts with the cell of every value, and findings in plain words.
Not here: certification, publication, pages. Files from outside are parsed only in `sandbox`.
Read first: `intake.read_files`.
"""
