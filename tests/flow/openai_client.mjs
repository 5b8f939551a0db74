// What the official client of OpenAI makes of a daemon: each step's result as
// one line of JSON.  The package is found from the folder it is run in.
//
//     node openai_client.mjs URL SIGNAL.json FILE.csv MODEL MANIFEST-ID
import fs from 'node:fs';
import {createRequire} from 'node:module';

const {OpenAI, toFile} = createRequire(process.cwd() + '/')('openai');
const [url, signalFile, trainFile, model, manifest] = process.argv.slice(2);
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

// Three jobs of so many steps that only a move ends them: one runs, two wait.
async function jobs() {
  const api = client.fineTuning.jobs, made = [], seen = [], ended = [];
  for (let seed = 0; seed < 3; seed++)
    made.push((await api.create({
      model, training_file: manifest, seed,
      hyperparameters: {batch_size: 8}, metadata: {nth: String(seed)},
      objective: {type: 'scl', recipe: {
        steps: 50000000, validate_windows: 8, group: 1}}})).id);
  for await (const job of api.list({limit: 1}))
    seen.push(job.id);
  say('jobs', {made, seen});
  say('paused', (await api.pause(made[2])).status);
  say('resumed', (await api.resume(made[2])).status);
  say('job', await api.retrieve(made[1]));
  const events = [];
  for await (const event of api.listEvents(made[0], {limit: 1}))
    events.push(event.object);
  say('events', events);
  const kept = [];
  for await (const point of api.checkpoints.list(made[0]))
    kept.push(point.id);
  say('checkpoints', kept);
  for (const id of made)
    ended.push((await api.cancel(id)).status);
  say('ended', ended);
}

async function main() {
  await embeddings();
  await models();
  await files();
  await jobs();
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
