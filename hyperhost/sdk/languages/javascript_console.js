// The author's modules find a console that writes to the plugin's log, or nowhere when it has none.
const LEVELS = { debug: "debug", log: "info", info: "info", trace: "debug", warn: "warning", error: "error" };

function text(value) {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value}\n${(value.stack ?? "").trimEnd()}`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

globalThis.console = {};
for (const [name, level] of Object.entries(LEVELS)) {
  console[name] = (...values) => {
    for (const line of values.map(text).join(" ").split("\n")) write(level, line);
  };
}
