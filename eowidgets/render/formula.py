"""Spectral indices as small programs: parsed once in Python, run in numpy, in the browser and on its GPU.

Formulas come from the ``spyndex`` catalogue or from the user. They are read with Python's parser and a
whitelist of node types; nothing is ever evaluated as code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from eowidgets.cube.schema import BAND_LETTERS
from eowidgets.errors import InputError, unknown
from eowidgets.system import parsing

#: A step: a number, ``"b3"`` (value of the third band from 0), or an operation.
Step = float | str

_BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "^"}
_CALLS = {"sqrt": "sqrt", "exp": "exp", "log": "log", "abs": "abs"}
_MAX_NODES = 400


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula in postfix form.

    Parameters
    ----------
    name, long_name : str
        For lists and legends.
    bands : tuple of str
        Cube bands, in the order that ``b0``, ``b1``, ... mean.
    steps : tuple
        Postfix program; see `evaluate`.
    """

    name: str
    long_name: str
    bands: tuple[str, ...]
    steps: tuple[Step, ...]

    def glsl(self) -> str:
        """Return one GLSL ES 3.00 expression over ``b0``, ``b1``, ... (floats); ``div_`` and ``pow_`` flag nodata."""
        stack: list[str] = []
        for step in self.steps:
            if isinstance(step, (int, float)):
                stack.append(_float(step))
            elif step[0] == "b" and step[1:].isdigit():
                stack.append(step)
            elif step == "neg":
                stack.append(f"(-{stack.pop()})")
            elif step in ("exp", "abs"):
                stack.append(f"{step}({stack.pop()})")
            elif step in ("sqrt", "log"):
                stack.append(f"{step}_({stack.pop()})")
            else:
                b, a = stack.pop(), stack.pop()
                call = {"/": "div_", "^": "pow_"}.get(step)
                stack.append(f"{call}({a}, {b})" if call else f"({a} {step} {b})")
        return stack[0]

    def as_json(self) -> dict[str, Any]:
        """Return the formula as JSON for the browser."""
        return {
            "name": self.name,
            "long_name": self.long_name,
            "bands": list(self.bands),
            "rpn": list(self.steps),
            "glsl": self.glsl(),
        }


def _float(value: float) -> str:
    text = repr(float(value))
    return text if "." in text or "e" in text else text + ".0"


def evaluate(program: Formula, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Run a program on float32 arrays, one per band; NaN where the result is not a finite number."""
    stack: list[Any] = []
    with np.errstate(all="ignore"):
        for step in program.steps:
            if isinstance(step, (int, float)):
                stack.append(np.float32(step))
            elif step[0] == "b" and step[1:].isdigit():
                stack.append(np.asarray(values[program.bands[int(step[1:])]], dtype=np.float32))
            elif step == "neg":
                stack.append(-stack.pop())
            elif step in ("exp", "abs", "sqrt", "log"):
                stack.append(getattr(np, step)(stack.pop()))
            else:
                b, a = stack.pop(), stack.pop()
                stack.append(_OPERATIONS[step](a, b))
    result = np.asarray(stack[0], dtype=np.float32)
    # 3.4e38 and its neighbours are overflow on the way to infinity: one limit for numpy and every GPU.
    return np.where(np.abs(result) < np.float32(1e30), result, np.float32(np.nan))


_OPERATIONS = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power}


class _Compiler:
    """Walks the syntax tree and writes the steps; every name must be a band, a constant or a kernel."""

    def __init__(self, formula: str, letters: Mapping[str, str], constants: Mapping[str, float]) -> None:
        self.formula, self.letters, self.constants = formula, letters, constants
        self.bands: list[str] = []
        self.steps: list[Step] = []

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            self.visit(node.left)
            self.visit(node.right)
            self.steps.append(_BINARY[type(node.op)])
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            self.visit(node.operand)
            if isinstance(node.op, ast.USub):
                self.steps.append("neg")
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
        ):
            self.steps.append(float(node.value))
        elif isinstance(node, ast.Name):
            self.name(node.id)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _CALLS
            and len(node.args) == 1
            and not node.keywords
        ):
            self.visit(node.args[0])
            self.steps.append(_CALLS[node.func.id])
        else:
            raise InputError(
                f"The formula {self.formula[:80]!r} uses something other than bands, numbers, + - * / ** and "
                f"{', '.join(_CALLS)}. Write it with these."
            )

    def name(self, name: str) -> None:
        if name in self.letters:
            band = self.letters[name]
            if band not in self.bands:
                self.bands.append(band)
            self.steps.append(f"b{self.bands.index(band)}")
        elif name in self.constants:
            self.steps.append(float(self.constants[name]))
        elif len(name) == 3 and name[0] == "k":
            self.kernel(name[1], name[2])
        else:
            raise unknown("band or constant", name, [*self.letters, *self.constants])

    def kernel(self, a: str, b: str) -> None:
        """Write the RBF kernel exp(-(a - b)^2 / (2 sigma^2)), sigma = (a + b) / 2 as in ``cube.indices``."""
        if a == b:
            self.steps.append(1.0)
            return
        for operation in ("-", "+"):
            self.name(a)
            self.name(b)
            self.steps.append(operation)
        self.steps += ["/", 2.0, "^", -2.0, "*", "exp"]


def compile_formula(
    formula: str,
    letters: Mapping[str, str],
    constants: Mapping[str, float] | None = None,
    *,
    name: str = "",
    long_name: str = "",
) -> Formula:
    """Compile a formula.

    Parameters
    ----------
    formula : str
        For example ``"(nir - red) / (nir + red)"``.
    letters : mapping
        Name in the formula -> band of the cube.
    constants : mapping, optional
        Name in the formula -> number.
    name, long_name : str
        Names of the result; the formula itself if not given.

    Raises
    ------
    InputError
        If the formula cannot be read, or has an unknown name.
    """
    try:
        tree = parsing(lambda: ast.parse(formula, mode="eval"))
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise InputError(f"The formula {formula[:80]!r} cannot be read as arithmetic. Check its brackets.") from error
    if sum(1 for _ in ast.walk(tree)) > _MAX_NODES:
        raise InputError(f"The formula {formula[:80]!r} is too long: it may have at most {_MAX_NODES} parts.")
    compiler = _Compiler(formula, letters, constants or {})
    compiler.visit(tree.body)
    return Formula(name or formula, long_name or formula, tuple(compiler.bands), tuple(compiler.steps))


@lru_cache(maxsize=1)
def _spyndex() -> tuple[dict[str, tuple[str, str, tuple[str, ...]]], dict[str, float], dict[str, float]]:
    """Read the catalogue: name -> (formula, long name, names used); constants; centre wavelengths by letter (nm)."""
    import spyndex

    indices = {str(k): (str(v.formula), str(v.long_name), tuple(map(str, v.bands))) for k, v in spyndex.indices.items()}
    constants = {k: float(v.default) for k, v in spyndex.constants.items() if v.default is not None}
    centres = {k: (float(v.min_wavelength) + float(v.max_wavelength)) / 2 for k, v in spyndex.bands.items()}
    return indices, constants, centres


def index_program(name: str, bands: Iterable[str], wavelengths: Mapping[str, float] | None = None) -> Formula:
    """Compile an index of the spyndex catalogue, or a formula over band names.

    Parameters
    ----------
    name : str
        ``"NDVI"``, ..., or a formula such as ``"(nir - red) / (nir + red)"``. A band of that name, in upper or lower
        case, is the index.
    bands : iterable of str
        Bands that the cube has.
    wavelengths : mapping, optional
        Band -> centre wavelength in nm, for the few indices that need it.

    Raises
    ------
    InputError
        If the index is unknown, or needs bands that the cube lacks; the message names them.
    """
    have = list(bands)
    indices, constants, centres = _spyndex()
    if name not in indices:
        if any(c in name for c in "+-*/(") or name in have:
            return compile_formula(name, {**{b: b for b in have}, **_letters(have)}, constants, name=name)
        by_fold = {k.lower(): k for k in indices}
        if name.lower() not in by_fold:
            raise unknown("index", name, indices)
        name = by_fold[name.lower()]
    formula, long_name, wants = indices[name]
    held = next((b for b in sorted(have, key=lambda b: b != name) if b.lower() == name.lower()), None)
    if held is not None:
        return Formula(name, long_name, (held,), ("b0",))
    letters = _letters(have)
    known = dict(constants)
    for letter, band in letters.items():
        centre = (wavelengths or {}).get(band, centres.get(letter))
        if centre:
            known[f"lambda{letter}"] = float(centre)
    missing = [w for w in wants if not _available(w, letters, known)]
    if missing:
        by_letter = {v: k for k, v in BAND_LETTERS.items()}
        words = ", ".join(_reason(m, by_letter) for m in missing)
        raise InputError(f"The index {name} needs {words}, which this cube doesn't have.")
    return compile_formula(formula, letters, known, name=name, long_name=long_name)


def _letters(bands: list[str]) -> dict[str, str]:
    return {BAND_LETTERS[b]: b for b in bands if b in BAND_LETTERS}


def _available(want: str, letters: Mapping[str, str], constants: Mapping[str, float]) -> bool:
    if want in letters or want in constants:
        return True
    return len(want) == 3 and want[0] == "k" and all(c in letters or c in constants for c in want[1:])


def _reason(want: str, by_letter: Mapping[str, str]) -> str:
    if want in by_letter:
        return f"the band {by_letter[want]}"
    if want.startswith("lambda"):
        return f"the wavelength of {by_letter.get(want[6:], want[6:])}"
    if len(want) == 3 and want[0] == "k":
        return "the bands " + " and ".join(by_letter.get(c, c) for c in want[1:])
    return {"PAR": "photosynthetically active radiation (PAR) measured on the ground"}.get(want, want)


def catalogue(bands: Iterable[str], wavelengths: Mapping[str, float] | None = None) -> dict[str, Formula]:
    """Return every index of spyndex that can be computed from these bands, by name."""
    have, found = list(bands), {}
    for name in _spyndex()[0]:
        try:
            found[name] = index_program(name, have, wavelengths)
        except InputError:
            continue
    return found
