"""The documentation site: pages are gathered from the repository, and MkDocs builds them; see :mod:`docsite.build`."""
