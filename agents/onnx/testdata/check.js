// Runs the models of a folder in onnxruntime on the observations beside them,
// and compares the weights with those of our Actor. Exit status 1 if one of
// them differs by more than 1e-5. Usage: node check.js FOLDER
'use strict';
const fs = require('fs');
const path = require('path');
const ort = require('onnxruntime-node');

const tolerance = 1e-5;

async function check(file) {
  const wanted = JSON.parse(fs.readFileSync(file.replace(/\.onnx$/, '.json')));
  const session = await ort.InferenceSession.create(file);
  const feeds = {};
  for (const name of session.inputNames) {
    feeds[name] = new ort.Tensor('float32', Float32Array.from(wanted.obs[name]), wanted.shape);
  }
  const results = await session.run(feeds);
  let worst = 0;
  let values = 0;
  for (const [name, weights] of Object.entries(wanted.weights)) {
    const got = results[name].data;
    if (got.length !== weights.length) {
      throw new Error(`${file}: ${name} has ${got.length} values, want ${weights.length}`);
    }
    got.forEach((w, i) => { worst = Math.max(worst, Number.isNaN(w) ? Infinity : Math.abs(w - weights[i])); });
    values += got.length;
  }
  console.log(`${path.basename(file, '.onnx').padEnd(20)} ${values} weights of ${wanted.shape[0]} states: largest difference ${worst.toExponential(1)}`);
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
