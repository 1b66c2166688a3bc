// Runs inside the component: the author's hooks, with what goes wrong in them written to the plugin's log.
// A build puts the import of the author's module in front of this, and the exports behind it.

function described(error) {
  if (!(error instanceof Error)) return `thrown: ${JSON.stringify(error) ?? String(error)}`;
  const frames = (error.stack ?? "").split("\n").filter((line) => line.trim() && !line.includes("/hyperhost_entry.js"));
  return [String(error), ...frames.map((line) => line.replace("(/", "("))].join("\n");
}

function hook(name, refuses, mendArguments, mendResult) {
  const answer = plugin[name];
  if (typeof answer !== "function") {
    const facts = JSON.stringify({ name, names: Object.keys(plugin) });
    throw new Error(`hyperhost-problem:${encodeURIComponent(facts)}:`);
  }
  return (...values) => {
    try {
      const result = answer(...values.map((value, at) => (mendArguments[at] ? mendArguments[at](value) : value)));
      if (result instanceof Promise) throw new TypeError(`${name} returned a promise; a hook is a plain function`);
      return mendResult ? mendResult(result) : result;
    } catch (error) {
      // An object that is no Error, or an Error with a payload, is a refusal where the hook knows refusals.
      const bug = error instanceof Error && !Object.hasOwn(error, "payload");
      if (bug || !refuses) console.error(described(error));
      else if (error instanceof Object) (error.payload ?? error).rule ??= "";
      throw error;
    }
  };
}
