// Node's cluster, with the manners of a careful user: dead workers are replaced, and SIGHUP replaces
// all of them, one after the other; each leaves when its successor listens.
'use strict';
const cluster = require('node:cluster');
const http = require('node:http');

const [port, count] = process.argv.slice(2).map(Number);

function bytes(response, left) {
  const piece = Buffer.alloc(64 * 1024, 'x');
  for (; left > 0; left -= piece.length) {
    const more = response.write(left < piece.length ? piece.subarray(0, left) : piece);
    if (!more) return response.once('drain', () => bytes(response, left - piece.length));
  }
  response.end();
}

function answer(request, response) {
  const url = new URL(request.url, 'http://x');
  request.resume();
  request.on('end', () => {
    if (url.pathname === '/slow') return setTimeout(() => response.end('Hello world\n'), +url.searchParams.get('ms'));
    if (url.pathname === '/bytes') {
      const length = +url.searchParams.get('n');
      response.writeHead(200, { 'Content-Length': length });
      return bytes(response, length);
    }
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 12 });
    response.end('Hello world\n');
  });
}

async function reload() {
  for (const old of Object.values(cluster.workers)) {
    const successor = cluster.fork();
    await new Promise((listening) => successor.once('listening', listening));
    old.disconnect();
  }
}

if (cluster.isPrimary) {
  for (let i = 0; i < count; ++i) cluster.fork();
  cluster.on('exit', (worker) => {
    if (!worker.exitedAfterDisconnect) cluster.fork();
  });
  let last = Promise.resolve();
  process.on('SIGHUP', () => { last = last.then(reload); });
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => cluster.disconnect(() => process.exit(0)));
  }
} else {
  process.on('SIGINT', () => {});
  const server = http.createServer(answer);
  const timeouts = JSON.parse(process.env.TIMEOUTS || '{}');
  Object.assign(server, { keepAliveTimeout: 65000, ...timeouts });
  server.listen(port, '127.0.0.1');
}
