// Makes a component of a core module: node component.mjs PACKAGE CORE WIT WORLD OUT
// PACKAGE is the directory of @bytecodealliance/jco-transpile.
import { readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const [directory, core, wit, world, out] = process.argv.slice(2);
try {
  // The package's own export map says where its file is, whatever its version.
  const manifest = JSON.parse(await readFile(join(directory, "package.json"), "utf8"));
  const target = manifest.exports["./wasm-tools"].default ?? manifest.exports["./wasm-tools"];
  const tools = await import(pathToFileURL(join(directory, target)));
  const embedded = await tools.componentEmbed({
    binary: await readFile(core),
    witSource: await readFile(wit, "utf8"),
    world,
  });
  await writeFile(out, await tools.componentNew(embedded, []));
} catch (error) {
  process.stderr.write(`${error?.payload ?? error?.message ?? error}\n`);
  process.exitCode = 1;
}
