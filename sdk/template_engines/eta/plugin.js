// Renders Eta templates: https://eta.js.org. No HTML is meant, so nothing is escaped; parameters are in `it`.
import { Eta } from "./library.js";
import { rendered } from "./rendered.js";

/** @type {import("hyperhost:plugin").Hooks["templateRender"]} */
export function templateRender(engine, texts, parametersJson) {
  if (engine !== "eta") return null;
  const eta = new Eta({ autoEscape: false, autoTrim: false });
  return rendered(texts, parametersJson, (text) => {
    const template = eta.compile(text);
    return (parameters) => eta.render(template, parameters);
  });
}
