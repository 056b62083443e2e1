// Check the types of the JavaScript: `node tools/js_types.mjs`; `--write` stores the counts.
//
// Many modules use untyped elements of the page. Their errors are counted in tests/js/types.json, and no file may get more.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const STORED = "tests/js/types.json";

function errors() {
  try {
    execFileSync("node_modules/.bin/tsc", ["-p", "jsconfig.json", "--pretty", "false"], { encoding: "utf8" });
    return [];
  } catch (error) {
    if (!error.stdout) throw error;
    return error.stdout.split("\n").filter((line) => /^[^\s].*\(\d+,\d+\): error/.test(line));
  }
}

const found = errors();
const counts = {};
for (const line of found) {
  const file = line.split("(")[0];
  counts[file] = (counts[file] ?? 0) + 1;
}
if (process.argv.includes("--write")) {
  writeFileSync(STORED, `${JSON.stringify(counts, Object.keys(counts).sort(), 2)}\n`);
}
const most = JSON.parse(readFileSync(STORED, "utf8"));
const worse = Object.keys(counts).filter((file) => counts[file] > (most[file] ?? 0));
for (const line of found) if (worse.includes(line.split("(")[0])) console.error(line);
for (const file of worse) console.error(`${file}: ${counts[file]} errors of type, ${most[file] ?? 0} are allowed`);
console.log(`${found.length} errors of type in ${Object.keys(counts).length} files, ${worse.length} files have more than before`);
process.exit(worse.length ? 1 : 0);
