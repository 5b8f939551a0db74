// Node and ONNX Runtime behind HTTP, as tests/bench/services measures them.
//
//     node node_http.js MODEL.onnx PORT
//
// POST {"data": [numbers]} answers {"embedding": [numbers]}.
'use strict';
const http = require('http');
const {createRequire} = require('module');
const ort = createRequire(process.cwd() + '/')('onnxruntime-node');

const [path, port] = process.argv.slice(2);

async function embed(session, text) {
  const data = Float32Array.from(JSON.parse(text).data);
  const x = new ort.Tensor('float32', data, [1, 1, data.length]);
  const {y} = await session.run({x});
  return JSON.stringify({embedding: Array.from(y.data)});
}

async function main() {
  const session = await ort.InferenceSession.create(path, {
    intraOpNumThreads: 1, interOpNumThreads: 1});
  http.createServer((req, res) => {
    const parts = [];
    req.on('data', (part) => parts.push(part));
    req.on('end', async () => {
      const body = await embed(session, Buffer.concat(parts).toString());
      res.writeHead(200, {'Content-Type': 'application/json'});
      res.end(body);
    });
  }).listen(Number(port), '127.0.0.1');
}

main();
