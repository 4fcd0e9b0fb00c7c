"""The officers' desk: sign in, send a workbook, see how it was understood, hand it over, certify.

In: forms of signed-in people. Out: pages, and one call of a door function of `ledger` or `importers` each.
Not here: what is right or wrong in a file, who may certify (the database decides that again), what is public.
Read first: `routes.router`.
"""
