// What the official client of OpenAI makes of a daemon: each step's result as
// one line of JSON.  The package is found from the folder it is run in.
//
//     node openai_client.mjs URL SIGNAL.json TRAIN.jsonl MODEL
import fs from 'node:fs';
import {createRequire} from 'node:module';

const {OpenAI, toFile} = createRequire(process.cwd() + '/')('openai');
const [url, signalFile, trainFile, model] = process.argv.slice(2);
const client = new OpenAI({baseURL: url + '/v1', apiKey: 'none',
                           maxRetries: 0});
const signal = JSON.parse(fs.readFileSync(signalFile));

function say(step, value) {
  console.log(JSON.stringify({step, value}));
}

async function embeddings() {
  for (const form of [undefined, 'float', 'base64']) {
    const reply = await client.embeddings.create(
      {model, input: [signal], ...(form && {encoding_format: form})});
    const value = reply.data[0].embedding;
    say('embedding ' + form, typeof value === 'string' ? value
      : Array.from(value));
  }
  try {
    await client.embeddings.create({model: 'nothing', input: [signal]});
  } catch (e) {
    say('error', {name: e.constructor.name, status: e.status, code: e.code,
                  request: e.requestID});
  }
}

async function models() {
  const ids = [];
  for await (const m of client.models.list())
    ids.push(m.id);
  say('models', ids);
  say('model', (await client.models.retrieve(model)).id);
}

async function files() {
  const made = [];
  for (let i = 0; i < 3; i++)
    made.push((await client.files.create({
      purpose: 'fine-tune',
      file: await toFile(fs.readFileSync(trainFile), `train${i}.jsonl`)})).id);
  const seen = [];
  for await (const f of client.files.list({limit: 1, order: 'asc'}))
    seen.push(f.id);
  say('files', {made, seen});
  say('file', (await client.files.retrieve(made[1])).filename);
  say('content', await (await client.files.content(made[1])).text());
  say('deleted', await client.files.delete(made[2]));
}

async function main() {
  await embeddings();
  await models();
  await files();
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
