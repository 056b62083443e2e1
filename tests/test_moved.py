"""Old module names work for one release."""

from __future__ import annotations

import importlib
import sys

import pytest

from eowidgets.moved import MOVED, NAMES

#: Names that users of the first release imported from these modules.
IMPORTED = {
    "eowidgets.models.base": ("Model", "Inputs", "WindowSpec", "Card", "Batch", "param"),
    "eowidgets.models.change.adapters": ("ChangeFCSiam", "ChangeLENet", "ChangeMCI", "PairModel", "PairParams"),
    "eowidgets.models.change.config": ("LENetConfig", "MCIConfig", "SiamDiffConfig"),
    "eowidgets.models.change.siamdiff": ("FCSiamDiff",),
    "eowidgets.models.change.tools": ("Found", "Interpreter", "detect"),
    "eowidgets.models.forecast.companion": ("companion", "kernel_fast", "stable"),
    "eowidgets.models.forecast.dates": ("When", "parse_dates"),
    "eowidgets.models.forecast.learned": ("DLinearForecaster", "Hindcast", "NetworkForecaster", "PatchTSTForecaster"),
    "eowidgets.models.forecast.linear": ("DLinear", "NLinear", "absolute_map", "moving_average", "ridge_map"),
    "eowidgets.models.forecast.naive": ("Persistence", "SeasonalNaive"),
    "eowidgets.models.forecast.network": ("BatchNorm", "EncoderLayer", "SeriesNetwork", "make_network"),
    "eowidgets.models.registry": ("register", "get_model"),
    "eowidgets.models.vqa.config": ("DeltaVLMConfig", "LanguageSize", "RSVQAConfig", "VisionSize"),
    "eowidgets.models.weights": ("weights",),
    "eowidgets.tasks": ("Task", "Output", "ClassInfo"),
    "eowidgets.widgets.time_viewer": ("TimeViewer",),
    "eowidgets.widgets.overlay": (),
    "eowidgets.cube.simulate.pairs": (),
}


#: Modules that have become packages of the same name, and what they gave.
PACKAGES = {
    "eowidgets.models.change.lenet": ("CSDW", "LENet", "difference_weights", "exchange", "maps_loss", "start_rare"),
    "eowidgets.models.change.mci": ("MCI", "MaskBranch", "Places", "mci_loss"),
    "eowidgets.models.forecast.chronos": ("ChronosForecaster",),
    "eowidgets.models.forecast.fracast": ("FracastForecaster",),
    "eowidgets.models.forecast.itransformer": ("ITransformer",),
    "eowidgets.models.forecast.patchtst": ("PatchTST",),
    "eowidgets.models.forecast.spacetime": ("ClosedLoop", "Companion", "SpaceTime", "preprocessing"),
    "eowidgets.models.forecast.timemixer": ("PastMixing", "TimeMixer", "time_mlp"),
    "eowidgets.models.forecast.timesnet": ("Inception", "TimesBlock", "TimesNet"),
    "eowidgets.models.vqa.deltavlm": ("DecoderLayer", "DeltaVLM", "certainty"),
    "eowidgets.models.vqa.rsvqa": ("RSVQA", "QuestionEncoder", "picture_values"),
}


@pytest.fixture
def fresh():
    """Old modules imported anew, and none left behind."""
    kept = {name: sys.modules.pop(name) for name in MOVED if name in sys.modules}
    yield
    for name in MOVED:
        sys.modules.pop(name, None)
    sys.modules.update(kept)


@pytest.mark.parametrize("old", sorted(MOVED))
def test_every_old_name_leads_to_modules_that_exist(fresh, old):
    with pytest.warns(DeprecationWarning, match="has moved"):
        module = importlib.import_module(old)
    for place in MOVED[old]:
        assert importlib.import_module(place)
    for name in IMPORTED.get(old, ()):
        assert getattr(module, name).__module__ != old


def test_a_statement_that_imports_is_warned_at_its_own_line(fresh):
    with pytest.warns(DeprecationWarning) as warned:
        from eowidgets.tasks import Task  # noqa: F401
    assert warned[0].filename == __file__


def test_no_name_means_an_error_that_says_where_the_module_is(fresh):
    with pytest.warns(DeprecationWarning):
        module = importlib.import_module("eowidgets.tasks")
    with pytest.raises(AttributeError, match="has moved to eowidgets.contract.task"):
        module.nothing  # noqa: B018


def test_what_never_existed_is_still_not_found():
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("eowidgets.models.never_was")


@pytest.mark.parametrize(("module", "name"), sorted(NAMES))
def test_names_that_left_a_module_are_still_found_there(module, name):
    with pytest.warns(DeprecationWarning, match="has moved"):
        found = getattr(importlib.import_module(module), name)
    assert found is getattr(importlib.import_module(NAMES[module, name]), name)


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_a_package_gives_what_the_module_of_its_name_gave(package):
    found = importlib.import_module(package)
    assert hasattr(found, "__path__")
    for name in PACKAGES[package]:
        assert getattr(found, name).__module__ in (f"{package}.network", f"{package}.model")
