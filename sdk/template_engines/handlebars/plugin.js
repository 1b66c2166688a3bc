// Renders Handlebars templates: https://handlebarsjs.com. No HTML is meant, so nothing is escaped.
import Handlebars from "./library.js";
import { rendered } from "./rendered.js";

/** @type {import("hyperhost:plugin").Hooks["templateRender"]} */
export function templateRender(engine, texts, parametersJson) {
  if (engine !== "handlebars") return null;
  const options = { noEscape: true, strict: true };
  return rendered(texts, parametersJson, (text) => {
    const ast = Handlebars.parse(text);
    const template = Handlebars.compile(ast, options);
    return (parameters) => template(parameters);
  });
}
