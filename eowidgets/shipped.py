"""Find the samples and weights that belong to the package: in its folder, or in the distribution ``eowidgets-data``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

#: The package that holds the large files, at the same places as this one.
DATA = "eowidgets_data"
#: Advice in messages if one of them is missing.
ADVICE = "run  pip install eowidgets-data  (a separate wheel, because of its size and licences)"
_PACKAGE = Path(__file__).parent


def shipped(path: Path) -> Path:
    """Return the path of a file of the package.

    Parameters
    ----------
    path : Path
        Its path in a clone, below the folder of this package; any other path is returned as it is.

    Returns
    -------
    Path
        ``path``, or the same place in ``eowidgets-data`` where only that has the file.

    Examples
    --------
    >>> from pathlib import Path
    >>> import eowidgets
    >>> shipped(Path(eowidgets.__file__).parent / "samples" / "countries.geojson").name
    'countries.geojson'
    """
    if path.is_file() or not path.is_relative_to(_PACKAGE):
        return path
    spec = find_spec(DATA)
    folders = () if spec is None else spec.submodule_search_locations or ()
    others = (Path(folder) / path.relative_to(_PACKAGE) for folder in folders)
    return next((other for other in others if other.is_file()), path)
