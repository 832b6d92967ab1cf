"use strict";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const setTheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
setTheme();
dark.addEventListener("change", setTheme);

// Without a value Swagger UI sends a request that fails, or logs a TypeError.
const ignoreEmptyAuthorization = () => ({
  statePlugins: {
    auth: {
      wrapActions: {
        authorizePassword: (authorize) => (values) =>
          values.username ? authorize(values) : { type: "ignored" },
        authorizeWithPersistOption: (authorize) => (values) =>
          Object.values(values).every((one) => one && one.schema) && Object.keys(values).length
            ? authorize(values)
            : { type: "ignored" },
      },
    },
  },
});

// Swagger UI has no input for items of this type and logs a warning.
const int64Input = (system) => ({
  components: {
    JsonSchema_integer_int64: (properties) =>
      system.React.createElement(system.getComponent("JsonSchema_string"), properties),
  },
});

// The document names the codes of problems; the pages that explain them are on this server.
const linkProblems = () => {
  const errors = ".responses-table:not(.live-responses-table) .response:not([data-code^='2'])";
  for (const code of document.querySelectorAll(`${errors} .renderedMarkdown code:not(a > code)`)) {
    const link = document.createElement("a");
    link.href = `/problems/${code.textContent}`;
    code.replaceWith(link);
    link.append(code);
  }
};

// The last of the inputs gets the focus otherwise, and the dialog opens at its end.
new MutationObserver(() => {
  linkProblems();
  const dialog = document.querySelector(".modal-ux-content:not([data-opened])");
  if (dialog) {
    dialog.dataset.opened = "";
    dialog.scrollTop = 0;
    dialog.querySelector("input")?.focus();
  }
}).observe(document.getElementById("docs"), { childList: true, subtree: true });

SwaggerUIBundle({
  dom_id: "#docs",
  url: "/openapi.json",
  deepLinking: true,
  persistAuthorization: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  filter: true,
  validatorUrl: null,
  plugins: [ignoreEmptyAuthorization, int64Input],
});
