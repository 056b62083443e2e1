"""Build the documentation site into ``build/site``: ``python tools/build_docs.py``."""

from docsite.build import main

main()
