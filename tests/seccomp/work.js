// What a Node.js service does: workers, timers, sockets, files, crypto, child processes; "all" when everything worked.
const { Worker } = require('worker_threads');
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const net = require('net');
const { execFileSync } = require('child_process');

const square = () => new Promise((resolve, reject) => {
  const worker = new Worker('require("worker_threads").parentPort.postMessage(7 * 7)', { eval: true });
  worker.on('message', resolve);
  worker.on('error', reject);
});
const talk = () => new Promise((resolve, reject) => {
  const server = net.createServer((s) => s.end(crypto.createHash('sha256').update('x').digest('hex')));
  server.listen(0, '127.0.0.1', () => {
    let text = '';
    net.connect(server.address().port, '127.0.0.1').on('data', (d) => { text += d; }).on('error', reject)
      .on('end', () => { server.close(); resolve(text); });
  });
});
(async () => {
  assert.strictEqual(await square(), 49);
  assert.strictEqual((await talk()).length, 64);
  const directory = fs.mkdtempSync('/tmp/work-');
  await fs.promises.writeFile(directory + '/a', 'x');
  fs.rmSync(directory, { recursive: true });
  if (process.argv[2] !== 'no-children') {
    assert.strictEqual(execFileSync('/bin/echo', ['a']).toString(), 'a\n');
  }
  let hot = 0; // long enough for the compiler
  for (let i = 0; i < 5e6; i++) hot = (hot + i * i) % 1000003;
  console.log('all');
})();
