// The program of step 4 in Node, as far as a picture needs it: what a worker of `make mixed` runs.
'use strict';
const cluster = require('cluster');
const http = require('http');

const port = process.argv[process.argv.indexOf('--port') + 1];
let requests = 0;

http.createServer((request, response) => {
  ++requests;
  response.setHeader('X-Worker-Pid', process.pid);
  if (request.url !== '/whoami') return response.end('Hello world\n');
  const told = { id: cluster.worker.id, pid: process.pid, language: 'node', requests };
  response.end(JSON.stringify(told) + '\n');
}).listen(+port);
