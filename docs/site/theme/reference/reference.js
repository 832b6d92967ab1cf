"use strict";

const SANS = "system-ui, sans-serif";
const MONO = "ui-monospace, monospace";

Redoc.init(
  "document.json",
  {
    downloadUrls: [{ title: "openapi.json", url: "../openapi.json" }],
    expandResponses: "200,201",
    hideSchemaPattern: true, // the descriptions state the rules
    payloadSampleIdx: 3, // the payload is the tab after curl, Python and TypeScript
    theme: {
      colors: { primary: { main: "#00796b" } },
      typography: {
        fontFamily: SANS,
        headings: { fontFamily: SANS },
        code: { fontFamily: MONO },
      },
    },
  },
  document.getElementById("reference"),
);
