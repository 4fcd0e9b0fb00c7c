"""The Open Contracting Data Standard, and nothing else.

In: OCDS JSON. Out: OCDS JSON (releases, records, packages) or problems with their JSON pointers.
Not here: spreadsheets, databases, HTTP. This room reads only the schema files packaged in `profile/`.
Anyone may lift it out and use it alone. Read first: `check.problems`.
"""
