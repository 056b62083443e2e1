import assert from "node:assert/strict";
import test from "node:test";

import { geodesic, ringArea } from "../../eowidgets/widgets/js/geodesic.js";

const close = (a, b, relative) => assert.ok(Math.abs(a - b) <= relative * Math.abs(b), `${a} is not ${b}`);

test("a quarter of the equator is a quarter of its circumference", () => {
  close(geodesic([0, 0], [90, 0]), (Math.PI / 2) * 6378137, 1e-12);
});

test("the quarter meridian is that of WGS 84", () => {
  close(geodesic([10, 0], [10, 90]), 10001965.7293, 1e-9);
});

test("Flinders Peak to Buninyong, the example of Vincenty's formula", () => {
  const dms = (d, m, s) => Math.sign(d) * (Math.abs(d) + m / 60 + s / 3600);
  const flinders = [dms(144, 25, 29.5244), dms(-37, 57, 3.7203)];
  const buninyong = [dms(143, 55, 35.3839), dms(-37, 39, 10.1561)];
  close(geodesic(flinders, buninyong), 54972.271, 1e-6); // GRS 80 and WGS 84 differ by less
});

test("a length does not depend on the direction or on the antimeridian", () => {
  close(geodesic([179.5, 10], [-179.5, 11]), geodesic([0.5, 11], [-0.5, 10]), 1e-12);
  assert.equal(geodesic([5, 5], [5, 5]), 0);
});

test("points that face each other have no length by this formula", () => {
  assert.ok(Number.isNaN(geodesic([0, 0.1], [179.9, -0.1])));
});

test("an octant is an eighth of the ellipsoid, whichever way it turns", () => {
  const edge = Array.from({ length: 91 }, (_, i) => [i, 0]);
  const ring = [...edge, [90, 90], [0, 90], [0, 0]];
  close(ringArea(ring), 510065621724089 / 8, 1e-9);
  close(ringArea([...ring].reverse()), 510065621724089 / 8, 1e-9);
});
