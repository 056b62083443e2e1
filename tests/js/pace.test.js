import assert from "node:assert/strict";
import test, { mock } from "node:test";

import { Pace } from "../../eowidgets/widgets/js/pace.js";

function pace(refine = () => {}) {
  const made = new Pace(refine);
  for (let i = 0; i < 20; i++) made.took(40, 1);
  return made;
}

test("a first step is drawn in full, those that follow at once are halved", () => {
  const slow = pace();
  assert.equal(slow.rough(true), 1);
  assert.equal(slow.rough(true), 2);
  slow.close();
});

test("quick pictures are never halved", () => {
  const quick = new Pace(() => {});
  quick.took(2, 1);
  quick.rough(true);
  assert.equal(quick.rough(true), 1);
});

test("only steps in time are halved", () => {
  const slow = pace();
  slow.rough(true);
  assert.equal(slow.rough(false), 1);
});

test("the full picture follows at rest, once, and not after the end", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let drawn = 0;
  const slow = pace(() => drawn++);
  slow.rough(true);
  slow.rough(true);
  slow.rough(true);
  mock.timers.tick(1000);
  assert.equal(drawn, 1);
  slow.rough(true);
  slow.close();
  mock.timers.tick(1000);
  assert.equal(drawn, 1);
  mock.timers.reset();
});

test("a picture at half the size does not count as the cost of a full one", () => {
  const slow = pace();
  const before = slow.cost;
  slow.took(1, 2);
  assert.equal(slow.cost, before);
});
