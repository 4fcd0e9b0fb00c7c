"""The doors: pages for citizens, downloads and API for journalists, the desk for officers, the terminal.

In: HTTP requests and commands. Out: HTML, JSON, CSV, Atom, files.
Not here: rules about money. Pages read; only the desk and the terminal act, through one door function each.
Read first: `app.create_app`.
"""
