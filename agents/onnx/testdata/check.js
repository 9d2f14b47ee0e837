// Runs the models of a folder in onnxruntime over the episodes beside them, a step
// of all of them at a time, with the states given back, and compares the weights
// with those of our Actor. Exit status 1 if one of them differs by more than 1e-5.
// Usage: node check.js FOLDER
'use strict';
const fs = require('fs');
const path = require('path');
const ort = require('onnxruntime-node');

const tolerance = 1e-5;

async function check(file) {
  const wanted = JSON.parse(fs.readFileSync(file.replace(/\.onnx$/, '.json')));
  const session = await ort.InferenceSession.create(file);
  const { steps, episodes, servers, features } = wanted;
  const states = {};
  for (const { input, shape: [, size] } of wanted.states) {
    states[input] = new ort.Tensor('float32', new Float32Array(episodes * size), [episodes, size]);
  }
  let worst = 0;
  let values = 0;
  for (let step = 0; step < steps; step++) {
    const feeds = { ...states };
    for (const [name, obs] of Object.entries(wanted.obs)) {
      const each = episodes * servers * features;
      feeds[name] = new ort.Tensor('float32', Float32Array.from(obs.slice(step * each, (step + 1) * each)), [episodes, servers, features]);
    }
    const names = Object.keys(feeds).sort().join();
    if (names !== [...session.inputNames].sort().join()) {
      throw new Error(`${file}: inputs are ${session.inputNames}, want ${names}`);
    }
    const results = await session.run(feeds);
    for (const [name, weights] of Object.entries(wanted.weights)) {
      const got = results[name].data;
      if (got.length !== episodes * servers || weights.length !== steps * got.length) {
        throw new Error(`${file}: ${name} has ${got.length} values, want ${episodes * servers}`);
      }
      got.forEach((w, i) => {
        worst = Math.max(worst, Number.isNaN(w) ? Infinity : Math.abs(w - weights[step * got.length + i]));
      });
      values += got.length;
    }
    for (const { input, output } of wanted.states) states[input] = results[output];
  }
  console.log(`${path.basename(file, '.onnx').padEnd(27)} ${values} weights of ${episodes} episodes of ${steps} steps, ` +
    `${wanted.states.length} states: largest difference ${worst.toExponential(1)}`);
  return values > 0 && worst <= tolerance;
}

async function main() {
  const files = fs.readdirSync(process.argv[2]).filter((f) => f.endsWith('.onnx'));
  if (files.length === 0) throw new Error(`${process.argv[2]}: holds no models`);
  let failed = 0;
  for (const f of files) {
    if (!(await check(path.join(process.argv[2], f)))) failed++;
  }
  console.log(`onnxruntime ${ort.env.versions.node}: ${files.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

main().catch((err) => { console.error(String(err)); process.exitCode = 1; });
