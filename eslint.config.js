// The rules for what runs in the browser. Two of them carry the product's
// promises: text from people never becomes HTML, and one file names Highcharts.
import js from "@eslint/js";
import globals from "globals";

const noBuiltHtml = "Text from people stays text: use textContent, append or replaceChildren.";
const htmlProperties = ["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe", "srcdoc"];
const htmlCalls = [
  { object: "document", property: "write", message: noBuiltHtml },
  { object: "document", property: "writeln", message: noBuiltHtml },
];

export default [
  { ignores: ["data/**", "static/vendor/**", "node_modules/**", ".venv*/**", ".setup/**"] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "max-lines": ["error", { max: 200, skipBlankLines: true, skipComments: true }],
      eqeqeq: "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-script-url": "error",
      "no-restricted-properties": [
        "error",
        ...htmlProperties.map((property) => ({ property, message: noBuiltHtml })),
        ...htmlCalls,
      ],
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["static/js/**/*.js"],
    languageOptions: { sourceType: "module", globals: globals.browser },
    rules: {
      "no-restricted-globals": [
        "error",
        { name: "Highcharts", message: "Only static/js/chart/library.js names Highcharts." },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "MemberExpression[object.name=/^(window|globalThis|self)$/][property.name='Highcharts']",
          message: "Only static/js/chart/library.js names Highcharts.",
        },
      ],
    },
  },
  {
    files: ["static/js/chart/library.js"],
    languageOptions: { globals: { Highcharts: "readonly" } },
    rules: { "no-restricted-globals": "off", "no-restricted-syntax": "off" },
  },
  {
    files: ["tests/measure/*.js"],
    languageOptions: { sourceType: "module", globals: globals.browser },
  },
  {
    files: ["bench/*.mjs"],
    languageOptions: { sourceType: "module", globals: globals.node },
  },
];
