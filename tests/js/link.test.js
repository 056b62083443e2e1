import assert from "node:assert/strict";
import test from "node:test";

import { linkOf, traitsOf } from "../../eowidgets/widgets/js/link.js";

const head = {
  sources: [{ times: ["2020-01-01", "2020-02-01"], indices: [{ name: "NDVI" }], bands: ["red", "green", "blue"].map((name) => ({ name })) }],
  cmaps: { viridis: [], magma: [] },
};
const usual = {
  head, date: "2020-01-01", index: null, cmap: "viridis", stretch: "percentile", clouds: "show", compare_mode: "none", compare_date: "",
  vmin: null, vmax: null, gamma: 1, swipe: 0.5, bands: ["red", "green", "blue"], selection: [], bounds: [], pins: [],
};
const model = (traits = {}) => ({ get: (name) => ({ ...usual, ...traits })[name] });

test("a view survives the way through an address", () => {
  const view = { index: "NDVI", cmap: "magma", vmin: -0.2, vmax: 0.9, bounds: [22.1, 45.2, 22.2, 45.3], selection: ["2020-01-01", "2020-02-01"] };
  const traits = traitsOf(linkOf(model(view)), model());
  assert.deepEqual({ ...traits, date: undefined }, { ...view, date: undefined });
});

test("what is usual is left out", () => {
  const link = linkOf(model());
  for (const name of ["cmap", "stretch", "gamma", "swipe", "compare"]) assert.ok(!link.includes(name), link);
});

test("pins have places and colours", () => {
  const traits = traitsOf(linkOf(model({ pins: [{ lon: 22.1234567, lat: 45.5 }, { value: 1 }] })), model());
  assert.equal(traits.pins.length, 1);
  assert.equal(traits.pins[0].lon, 22.123457);
  assert.match(traits.pins[0].color, /^#/);
});

test("what the page does not have is not taken", () => {
  const hash = "#date=1999-01-01&index=EVIL&bands=red,purple,blue&cmap=none&stretch=x&clouds=x&compare_mode=x&vmin=a&view=1,2,3&pins=1,x&constructor=1";
  assert.deepEqual(traitsOf(hash, model()), {});
  assert.deepEqual(traitsOf("#cmap=constructor&toString=1", model()), {}); // names that every object has
});

test("a mix of bands leaves the index", () => {
  assert.equal(traitsOf("#bands=blue,green,red", model()).index, null);
});
