// ONNX Runtime as one of the engines that tests/bench/engine measures.
//
//     node onnxruntime.js MODEL.onnx SHAPE      (SHAPE: 1,1000 or 3,32,32)
//
// Commands as in ours.c.  The package is found from the folder it is run in.
'use strict';
const fs = require('fs');
const {createRequire} = require('module');
const readline = require('readline');
const ort = createRequire(process.cwd() + '/')('onnxruntime-node');

const [path, shapeText] = process.argv.slice(2);
const shape = shapeText.split(',').map(Number);
const size = shape.reduce((a, b) => a * b);
const sessions = new Map();

function session(threads) {
  if (!sessions.has(threads))
    sessions.set(threads, ort.InferenceSession.create(path, {
      intraOpNumThreads: threads, interOpNumThreads: 1,
      graphOptimizationLevel: 'all'}));
  return sessions.get(threads);
}

function things(batch) {
  const v = new Float32Array(batch * size).map(() => Math.random() - 0.5);
  return {x: new ort.Tensor('float32', v, [batch, ...shape])};
}

const seconds = () => Number(process.hrtime.bigint()) / 1e9;

async function embed(batch, threads, length) {
  const s = await session(threads), feed = things(batch);
  await s.run(feed);
  await s.run(feed);
  const begin = seconds();
  let done = 0;
  while (seconds() < begin + length) {
    await s.run(feed);
    done += batch;
  }
  return `${done} ${(seconds() - begin).toFixed(6)}`;
}

// The file has channels last, the network wants them first.
function channelsFirst(from, n) {
  const to = new Float32Array(from.length), c = shape[0], rest = size / c;
  for (let i = 0; i < n; i++)
    for (let p = 0; p < rest; p++)
      for (let k = 0; k < c; k++)
        to[i * size + k * rest + p] = from[i * size + p * c + k];
  return to;
}

async function answer(source, target, n) {
  const bytes = fs.readFileSync(source);
  const v = new Float32Array(bytes.buffer, bytes.byteOffset, n * size);
  const x = new ort.Tensor('float32', channelsFirst(v, n), [n, ...shape]);
  const {y} = await (await session(1)).run({x});
  fs.writeFileSync(target, Buffer.from(y.data.buffer));
  return 'done';
}

async function main() {
  console.log('float32');
  for await (const line of readline.createInterface({input: process.stdin})) {
    const [name, a, b, c] = line.split(' ');
    console.log(name === 'answer' ? await answer(a, b, Number(c))
      : await embed(Number(a), Number(b), Number(c)));
  }
}

main();
