"use strict";

const SANS = "system-ui, sans-serif";
const MONO = "ui-monospace, monospace";

const TYPOGRAPHY = {
  fontFamily: SANS,
  headings: { fontFamily: SANS },
  code: { fontFamily: MONO },
};

const LIGHT = {
  colors: { primary: { main: "#00796b" } },
  typography: TYPOGRAPHY,
};

const DARK = {
  colors: {
    primary: { main: "#4db6ac" },
    success: { main: "#66bb6a" },
    error: { main: "#ff8a80" },
    gray: { 50: "#2a3338", 100: "#2a3338" },
    text: { primary: "#e2e4e9", secondary: "#a9b3b8" },
    border: { dark: "rgba(255, 255, 255, 0.2)", light: "#37474f" },
    responses: { info: { color: "#81d4fa" }, redirect: { color: "#ffb74d" } },
  },
  schema: { nestedBackground: "#262e33", linesColor: "#4db6ac" },
  typography: {
    ...TYPOGRAPHY,
    code: { ...TYPOGRAPHY.code, color: "#ffab91", backgroundColor: "rgba(255, 255, 255, 0.08)" },
  },
  sidebar: {
    backgroundColor: "#1a2024",
    textColor: "#e2e4e9",
    groupItems: { activeBackgroundColor: "#2a3338" },
    level1Items: { activeBackgroundColor: "#2a3338" },
  },
  rightPanel: {
    backgroundColor: "#161b1e",
    servers: {
      overlay: { backgroundColor: "#2a3338", textColor: "#e2e4e9" },
      url: { backgroundColor: "#1f262a" },
    },
  },
  codeBlock: { backgroundColor: "#0d1113" },
  fab: { backgroundColor: "#37474f", color: "#ffffff" },
};

Redoc.init(
  "document.json",
  {
    downloadUrls: [{ title: "openapi.json", url: "../openapi.json" }],
    expandResponses: "200,201",
    hideSchemaPattern: true, // the descriptions state the rules
    payloadSampleIdx: 3, // the payload is the tab after curl, Python and TypeScript
    theme: matchMedia("(prefers-color-scheme: dark)").matches ? DARK : LIGHT,
  },
  document.getElementById("reference"),
);
