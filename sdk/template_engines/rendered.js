// What the three engines have in common: refusals that say which text was wrong, and how.

const LONGEST = 300;

/**
 * Render texts with the same parameters.
 * @param {string[]} texts
 * @param {string} parametersJson
 * @param {(text: string) => (parameters: object) => string} compile
 * @returns {string[]}
 */
export function rendered(texts, parametersJson, compile) {
  return texts.map((text, index) => {
    const template = attempt(() => compile(text), `template.syntax:${index}`);
    return attempt(() => String(template(JSON.parse(parametersJson))), `template.failed:${index}`);
  });
}

/**
 * @template T
 * @param {() => T} work
 * @param {string} rule
 * @returns {T}
 */
function attempt(work, rule) {
  try {
    return work();
  } catch (error) {
    const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw { reason: said.replace(/\s+/g, " ").slice(0, LONGEST), rule };
  }
}
