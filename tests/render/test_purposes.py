from __future__ import annotations

import spyndex

from eowidgets.render.purposes import DOMAINS, PURPOSES, domain, in_catalogue, purpose


def test_every_index_of_the_catalogue_has_a_use():
    assert {v.application_domain for v in spyndex.indices.values()} <= set(DOMAINS)
    assert all(purpose(name) and domain(name) for name in spyndex.indices)
    assert set(PURPOSES) <= set(spyndex.indices)


def test_a_formula_has_none():
    assert (domain("nir / red"), purpose("nir / red"), in_catalogue("nir / red")) == ("", "", False)
    assert in_catalogue("NDVI") and not in_catalogue("ndvi")
