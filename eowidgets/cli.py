"""The command line: ``eow lab``, ``eow run``, ``eow fetch``, ``eow kit``, ``eow models``, ``eow samples``, ``eow doctor``."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eowidgets.errors import EowidgetsError, InputError
from eowidgets.system import parsing


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status (0 good, 1 refused with a sentence, 2 usage)."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.action(options))
    except EowidgetsError as error:
        print(f"eow: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("eow: stopped; finished windows are kept, and the same command continues from there.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="eow", description="Satellite time series, from the command line.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    lab = commands.add_parser("lab", help="open JupyterLab here")
    lab.add_argument("notebook", nargs="?", help="a notebook or folder to open")
    lab.set_defaults(action=_lab)

    run = commands.add_parser("run", help="run a model over a cube and save the result")
    run.add_argument("model", help="name of a model, see: eow models")
    run.add_argument("input", help="a sample, file, folder, Zarr store or STAC address")
    run.add_argument("-o", "--out", required=True, help="result: .zarr, .tif or .nc")
    run.add_argument("--area", help="GeoJSON or GeoPackage file, or west,south,east,north in degrees")
    run.add_argument("--dates", help="first/last, for instance 2019-01-01/2019-12-31")
    run.add_argument("--bands", help="bands to use, for instance red,nir")
    run.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    run.add_argument("--memory", default="2GB", help="memory limit (default: 2GB)")
    run.add_argument(
        "-p", "--param", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the model"
    )
    run.add_argument("-q", "--quiet", action="store_true", help="no progress bar")
    run.set_defaults(action=_run)

    fetch = commands.add_parser("fetch", help="save a cube in a Zarr store that works without a network")
    fetch.add_argument("input", help="a sample, file, folder, Zarr store or STAC address")
    fetch.add_argument("out", help="the store: .zarr; the same command continues and verifies it")
    fetch.add_argument("--area", help="GeoJSON or GeoPackage file, or west,south,east,north in degrees")
    fetch.add_argument("--dates", help="first/last, for instance 2019-01-01/2019-12-31")
    fetch.add_argument("-q", "--quiet", action="store_true", help="no progress bar")
    fetch.set_defaults(action=_fetch)

    kit = commands.add_parser("kit", help="pack a store, notebooks and weights for a workshop, or unpack them")
    kit.add_argument("store", help="the Zarr store, or with --open the kit")
    kit.add_argument("folder", nargs="?", help="with --open: a new folder")
    kit.add_argument("--notebook", nargs="+", default=[], metavar="NB", help="notebooks to pack")
    kit.add_argument("--models", nargs="+", default=[], metavar="NAME", help="models whose weights are packed")
    kit.add_argument("-o", "--out", help="the kit (default: kit.zip)")
    kit.add_argument("--open", action="store_true", help="unpack a kit into a folder")
    kit.set_defaults(action=_kit)

    models = commands.add_parser("models", help="list the models")
    models.add_argument("task", nargs="?", help="only those for this task")
    models.set_defaults(action=_models)

    samples = commands.add_parser("samples", help="list the embedded samples")
    samples.set_defaults(action=_samples)

    doctor = commands.add_parser("doctor", help="examine this machine, and print a fix for each problem")
    doctor.set_defaults(action=_doctor)
    return parser


def _lab(options: argparse.Namespace) -> int:
    import subprocess
    from importlib.util import find_spec

    from eowidgets.errors import MissingExtraError

    if find_spec("jupyterlab") is None:
        raise MissingExtraError("eow lab", "lab")
    target = [options.notebook] if options.notebook else []
    return subprocess.call([sys.executable, "-m", "jupyterlab", *target])  # noqa: S603  (the person's own argument)


def _run(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    import eowidgets as eow

    cube = eow.open(options.input)
    if options.dates:
        first, slash, last = options.dates.partition("/")
        if not slash:
            raise InputError(f"--dates is {options.dates!r}: give first/last, for instance 2019-01-01/2019-12-31.")
        cube = cube.eow.between(first or None, last or None)
    if options.bands:
        cube = cube.eow.select(options.bands.split(","))
    out = Path(options.out)
    with tqdm(total=100, unit="%", disable=options.quiet, bar_format="{l_bar}{bar}| {elapsed}<{remaining}") as bar:

        def show(job: eow.Job) -> None:
            bar.update(100 * job.progress - bar.n)

        eow.run(
            options.model,
            cube,
            area=_area(options.area),
            out=out,
            device=options.device,
            memory=options.memory,
            progress=show,
            **dict(_pair(p) for p in options.param),
        )
    print(out)
    return 0


def _fetch(options: argparse.Namespace) -> int:
    import eowidgets as eow

    cube = eow.open(options.input, bbox=_area(options.area), dates=options.dates, budget=None)
    eow.fetch(cube, options.out, progress=not options.quiet)
    print(eow.verify(options.out))
    return 0


def _kit(options: argparse.Namespace) -> int:
    import eowidgets as eow

    if options.open:
        if options.folder is None or options.notebook or options.models or options.out:
            raise InputError("--open takes the kit and a new folder, nothing else:  eow kit --open kit.zip folder")
        print(eow.open_kit(options.store, options.folder))
        return 0
    if options.folder is not None:
        raise InputError(f"{options.folder[:80]!r} is an extra path: name the kit with  -o kit.zip  .")
    print(eow.kit(options.store, options.out or "kit.zip", notebooks=options.notebook, models=options.models))
    return 0


def _area(text: str | None) -> Any:
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) == 4:
        try:
            return tuple(float(p) for p in parts)
        except ValueError:
            pass
    return text


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"--param {text!r}: write NAME=VALUE.")
    try:
        return name, parsing(lambda: ast.literal_eval(value))
    except (ValueError, SyntaxError):
        return name, value


def _models(options: argparse.Namespace) -> int:
    from eowidgets.contract.table import list_models

    print(list_models(task=options.task))
    return 0


def _samples(_: argparse.Namespace) -> int:
    from eowidgets.cube.samples import samples

    for sample in samples().values():
        height, width = sample.size
        size = f"{sample.dates:4} dates  {height} × {width} px  {sample.megabytes:4.1f} MB"
        print(f"{sample.name:10} {size}  {sample.title}")
    return 0


def _doctor(_: argparse.Namespace) -> int:
    from eowidgets.diagnosis import Report, examine

    findings = examine()
    print(Report(findings))
    return int(any(f.level == "bad" for f in findings))


if __name__ == "__main__":
    raise SystemExit(main())
