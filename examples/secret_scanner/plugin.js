// Refuses artifacts that carry a secret in their texts: manifest, description, labels, annotations.
// The secret itself is in no message: messages are logged, and read by others.

const RULES = [
  { rule: "secret.private-key", pattern: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/, words: "a private key" },
  { rule: "secret.aws-key", pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/, words: "an access key of AWS" },
  { rule: "secret.github-token", pattern: /\bgh[pousr]_[A-Za-z0-9]{36,}\b/, words: "a token of GitHub" },
  { rule: "secret.password", pattern: /\bpassw(?:or)?d["']?\s*[:=]\s*["']?(?!\$\{)[^\s"']{8,}/i, words: "a password" },
];

/**
 * Judge a change before it is made.
 * @type {import("hyperhost:plugin").Hooks["artifactValidate"]}
 */
export function artifactValidate(change) {
  for (const [path, text] of texts(change)) {
    const found = RULES.find(({ pattern }) => pattern.test(text));
    if (found) throw { reason: `${path} holds what looks like ${found.words}; take it out`, rule: found.rule };
  }
  return [];
}

/**
 * Every text with the name of its place.
 * @param {import("hyperhost:plugin").ArtifactChange} change
 * @returns {Generator<[string, string]>}
 */
function* texts({ artifact, manifestJson }) {
  yield ["metadata.description", artifact.metadata.description];
  for (const [name, value] of artifact.labels) yield [`labels.${name}`, value];
  for (const [name, value] of artifact.annotations) yield [`annotations.${name}`, value];
  yield ["manifest", manifestJson];
}
