import js from "@eslint/js";
import globals from "globals";

// Modules are written one after the other into one (eowidgets/widgets/base.py): imports outside of widgets/js name files by their last part.
export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2023, sourceType: "module", globals: { ...globals.browser } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", caughtErrors: "none" }],
      "no-var": "error",
      "prefer-const": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
    },
  },
  // What the page uses after the modules are joined.
  { files: ["eowidgets/widgets/viewer/story.js"], rules: { "no-unused-vars": "off" } },
  // Unused names that are there today; new files have none.
  { files: ["eowidgets/widgets/js/axis.js", "eowidgets/widgets/js/bookmarks.js"], rules: { "no-unused-vars": "warn" } },
  { files: ["tools/*.mjs"], languageOptions: { globals: { ...globals.node } } },
  { files: ["tests/js/**"], languageOptions: { globals: { ...globals.node } } },
];
