"""The facts, and how they came to be known.

In: drafts (a process as OCDS JSON, each value with its cell) and decisions of named people.
Out: publications: releases (append-only), and the records, arcs, parties and totals projected from them.
Not here: spreadsheets and HTTP. Read first: `publish.publish`.
"""
