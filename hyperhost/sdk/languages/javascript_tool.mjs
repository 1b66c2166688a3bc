// Runs in a Node process of its own: node javascript_tool.mjs PACKAGE WIT WORLD SOURCE ROOT OUT
// PACKAGE is the directory of componentize-qjs. What goes wrong is said on standard error; exit status 0 or 1.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [directory, witPath, world, jsPath, moduleRoot, out] = process.argv.slice(2);
const { main = "index.js" } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
try {
  const { componentize } = await import(pathToFileURL(join(directory, main)));
  const jsSource = readFileSync(jsPath, "utf8");
  // Not the asynchronous runtime: hooks are plain functions, and hosts need no support for it.
  const options = { witPath, world, jsSource, jsPath, moduleRoot, stubWasi: true, optSize: true, sync: true };
  writeFileSync(out, (await componentize(options)).component);
} catch (error) {
  process.stderr.write(`${error?.message ?? error}\n`);
  process.exitCode = 1;
}
