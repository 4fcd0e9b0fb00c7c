"""How a workbook is marked, behind `importers.annotate`: the words, the child process, and one module for each part.

`words` says what to mark, `child` does it inside an .xlsx (`archive`, `markup`, `sheet`, `styles`, `comments`, `index`
are its hands), `copying` writes a new workbook for files that cannot hold marks. Read `importers.annotate` first.
"""
