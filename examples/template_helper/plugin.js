// Reads the manifest of a template and writes what people search for into labels and annotations.

/**
 * Change an artifact before it is validated and written.
 * @type {import("hyperhost:plugin").Hooks["artifactTransform"]}
 */
export function artifactTransform({ artifact, manifestJson }) {
  if (artifact.type !== "template" || !manifestJson) return null;
  const { engine, parameters } = read(manifestJson);
  if (typeof engine !== "string" || !/^[a-z][a-z0-9-]*$/.test(engine)) {
    throw { reason: "name the engine of the template, for example jinja2", rule: "template.engine" };
  }
  const names = Array.isArray(parameters) ? parameters.map(({ name }) => String(name)).sort() : [];
  return {
    metadata: null,
    setLabels: [["engine", engine]],
    removeLabels: [],
    setAnnotations: names.length ? [["template/parameters", names.join(", ")]] : [],
    removeAnnotations: names.length ? [] : ["template/parameters"],
    manifestJson: null,
  };
}

/**
 * @param {string} text
 * @returns {{ engine?: unknown, parameters?: unknown }}
 */
function read(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    throw { reason: "the manifest of the template is not JSON", rule: "template.manifest" };
  }
}
