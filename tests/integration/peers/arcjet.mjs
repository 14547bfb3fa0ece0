// @arcjet/redact-wasm: find, and put its replacements in, as its package @arcjet/redact does; its own four kinds.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const PIECE = 1 << 16;
const folder = `${process.argv[2]}/node_modules/@arcjet/redact-wasm`;
const { initializeWasm } = await import(pathToFileURL(`${folder}/index.js`));
const engine = await initializeWasm(() => [], () => undefined);
const options = { contextWindowSize: 1, skipCustomDetect: true, skipCustomRedact: true };

function redact(text) {
  const found = engine.redact(text, options);
  let out = "";
  let at = 0;
  for (const { start, end, redacted } of found) {
    out += text.slice(at, start) + redacted;
    at = end;
  }
  return [out + text.slice(at), found];
}

const said = {
  package: "@arcjet/redact-wasm",
  version: JSON.parse(readFileSync(`${folder}/package.json`, "utf8")).version,
  runs: "WebAssembly in V8 (Node)",
  kinds: 4,
  texts: {},
};
for (const { name, text } of JSON.parse(readFileSync(0, "utf8"))) {
  const times = [];
  let found = [];
  for (let round = 0; round < 3; round += 1) {
    const since = performance.now();
    found = [];
    for (let at = 0; at < text.length; at += PIECE) found.push(...redact(text.slice(at, at + PIECE))[1]);
    times.push((performance.now() - since) / 1000);
  }
  const emails = found.filter(({ identifiedType }) => identifiedType.tag === "email").length;
  said.texts[name] = { seconds: Math.min(...times), emails, others: found.length - emails };
}
console.log(JSON.stringify(said));
