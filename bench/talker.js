// A worker that has much to say to its primary, which may be Node or ours: node talker.js PORT. At
// each SIGUSR2 it sends MIB megabytes: first in messages of few members, then of many.
'use strict';
const cluster = require('node:cluster');
const http = require('node:http');

const [port, mib] = process.argv.slice(2).map(Number);
const members = [8, 40000];

function talk() {
  const count = members.shift();
  const message = Object.fromEntries(Array.from({ length: count }, (_, i) => [`member ${i}`, i]));
  let left = mib * 1024 * 1024;
  const size = JSON.stringify(message).length;
  const next = () => {
    left -= size;
    if (left > 0) process.send(message, next);
    else heard(() => console.log('has said it'));
  };
  next();
}

// The primary answers what it is asked for after it has read all that came before.
function heard(done) {
  const server = http.createServer().listen(0, '127.0.0.1', () => server.close(done));
}

if (cluster.isPrimary) {
  cluster.fork();
  process.on('SIGTERM', () => process.exit(0));
} else {
  process.on('SIGUSR2', talk);
  http.createServer((request, response) => response.end('Hello world\n')).listen(port, '127.0.0.1');
}
