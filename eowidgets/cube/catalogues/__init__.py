"""Catalogues by name, their images of an area, and the cost of reading them.

`presets.toml` and files of the user describe catalogues (`catalogue`, `listed`). A `Query` is searched (`search`), and what
is found becomes a `Selection` of solar days (`selection`), which `eow.open` opens and `eow.find` shows as a table with
the size and the time of reading (`reading`, `probe`). `credentials` gives access to files that need a signature, a token
or a key.
"""
