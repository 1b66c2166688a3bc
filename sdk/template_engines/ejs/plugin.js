// Renders EJS templates: https://ejs.co. No HTML is meant, so `<%=` escapes as little as `<%-`.
import ejs from "./library.js";
import { rendered } from "./rendered.js";

/** @type {import("hyperhost:plugin").Hooks["templateRender"]} */
export function templateRender(engine, texts, parametersJson) {
  if (engine !== "ejs") return null;
  return rendered(texts, parametersJson, (text) => ejs.compile(text, { escape: String }));
}
