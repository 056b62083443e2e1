"""Check the docstrings of the public API with numpydoc, and count those with an example.

    python tools/check_public_docstrings.py            # report; fails on a problem or below the share of examples
    python tools/check_public_docstrings.py --missing  # also list the callables without an example

Public are the names of ``eowidgets.__all__``, and the public methods and properties of the classes among them and of
``cube.eow``, as far as this package defines them.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Unpack, get_args, get_origin

#: Errors of numpydoc that fail the check.
CHECKS = ("GL03", "GL06", "GL08", "PR01", "PR02", "PR03", "PR04", "PR10", "RT01", "SS03", "SS05", "YD01")
#: Least share of public callables with an example.
SHARE = 0.8
#: Methods that callers do not use: the browser calls them.
INTERNAL = {"set_state"}


@dataclass(frozen=True)
class Entry:
    """A public callable or property.

    Attributes
    ----------
    name : str
        Path by which it is imported.
    target : object
        A function, class or property.
    """

    name: str
    target: Any

    @property
    def is_callable(self) -> bool:
        """Whether it is called, so that it needs an example."""
        return not isinstance(self.target, property)

    @property
    def doc(self) -> str:
        """The docstring, without indentation."""
        return inspect.cleandoc(self.target.__doc__ or "")

    @property
    def has_example(self) -> bool:
        """Whether the docstring has a section of examples."""
        return re.search(r"^Examples\n-{3,}\n", self.doc, re.MULTILINE) is not None


def entries() -> Iterator[Entry]:
    """Yield each public callable and property once, where it is defined."""
    import eowidgets as eow
    from eowidgets.cube.accessor import CubeAccessor

    seen: set[str] = set()
    for name in sorted(eow.__all__):
        thing = getattr(eow, name)
        if inspect.isclass(thing):
            yield Entry(f"{thing.__module__}.{thing.__qualname__}", thing)
            yield from _members(thing, seen)
        elif inspect.isfunction(thing):
            yield Entry(f"{thing.__module__}.{thing.__qualname__}", thing)
    yield from _members(CubeAccessor, seen)


def _members(cls: type, seen: set[str]) -> Iterator[Entry]:
    for owner in cls.__mro__:
        if not owner.__module__.startswith("eowidgets"):
            continue
        for name, member in vars(owner).items():
            path = f"{owner.__module__}.{owner.__qualname__}.{name}"
            plain = member.__func__ if isinstance(member, classmethod | staticmethod) else member
            if name.startswith("_") or name in INTERNAL or path in seen:
                continue
            if inspect.isfunction(plain) or isinstance(plain, property):
                seen.add(path)
                yield Entry(path, plain)


def problems(entry: Entry) -> list[str]:
    """Return what numpydoc finds wrong with a docstring, of the checks chosen."""
    from numpydoc.docscrape import get_doc_object
    from numpydoc.validate import Validator, validate

    class Given(Validator):  # type: ignore[misc]
        """Validate an object at hand, because wrapped functions and mixins have no path of their own."""

        def __init__(self, obj_name: str) -> None:
            super().__init__(get_doc_object(entry.target))

        @property
        def signature_parameters(self) -> tuple[str, ...]:
            """Parameters of a function or constructor; keys of a TypedDict are parameters where they are described."""
            names = list(super().signature_parameters)
            function = vars(entry.target).get("__init__") if inspect.isclass(entry.target) else entry.target
            if not inspect.isfunction(function):
                return tuple(names)
            if inspect.isclass(entry.target) or "." not in function.__qualname__:
                # numpydoc takes the signature of __new__ first, and a first argument named cls for that of a method.
                stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
                given = list(inspect.signature(function).parameters.values())[inspect.isclass(entry.target) :]
                names = [f"{stars.get(p.kind, '')}{p.name}" for p in given]
            keys = options(function)
            described = [name for name in self.doc_all_parameters if name in keys and name not in names]
            return (*names[:-1], *described, *names[-1:]) if described else tuple(names)

    found = validate(entry.name, validator_cls=Given)
    return [f"{code} {message}" for code, message in found["errors"] if code in CHECKS]


def options(function: Any) -> set[str]:
    """Return the keys of the TypedDict that types the keyword arguments of a function; empty without one."""
    from eowidgets.annotations import hints

    typed = [p.name for p in inspect.signature(function).parameters.values() if "Unpack[" in str(p.annotation)]
    if not typed:
        return set()
    found = hints(function)[typed[0]]
    return set(get_args(found)[0].__annotations__) if get_origin(found) is Unpack else set()


def main(arguments: list[str] | None = None) -> int:
    """Report problems and the share of examples; return 1 where the check fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--missing", action="store_true", help="list the callables without an example")
    options = parser.parse_args(arguments)
    try:
        import numpydoc  # noqa: F401
    except ImportError:
        print("SKIPPED: numpydoc is not installed (pip install 'eowidgets[dev]')")
        return 0
    public = list(entries())
    wrong = 0
    for entry in public:
        for problem in problems(entry):
            wrong += 1
            print(f"{entry.name}: {problem}")
    called = [e for e in public if e.is_callable]
    without = [e.name for e in called if not e.has_example]
    if options.missing:
        print("\n".join(without))
    share = 1 - len(without) / len(called)
    print(f"{len(public)} docstrings, {wrong} problems; {len(called)} callables, {share:.0%} with an example")
    return int(wrong > 0 or share < SHARE)


if __name__ == "__main__":
    sys.exit(main())
