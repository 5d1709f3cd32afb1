// Workers in Node, for our primary: node worker.js WHAT [PORT]. Each is what people write, and does
// not know that its primary is not Node. What it says goes to standard output, one write for a line.
'use strict';
const cluster = require('cluster');
const fs = require('fs');
const http = require('http');

const [what, port = '0', ...rest] = process.argv.slice(2);

function tell(...words) {
  fs.writeSync(1, `node ${cluster.worker.id} ${words.join(' ')}\n`);
}

function answer(request, response) {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'X-Worker-Pid': process.pid });
  if (request.url === '/whoami') response.end(`worker ${cluster.worker.id} node\n`);
  else response.end('Hello world\n');
}

const workers = {
  http() {
    http.createServer(answer).listen(+port, rest[0] || '127.0.0.1', function () {
      tell('listens on', this.address().port);
    });
  },

  twice() {
    for (const name of ['first', 'second']) {
      http.createServer(answer).listen(0, '127.0.0.1', function () {
        tell(name, 'on', this.address().port);
      });
    }
  },

  again() {
    const server = http.createServer(answer).listen(0, '127.0.0.1', () => {
      tell('first on', server.address().port);
      server.close(() => server.listen(0, '127.0.0.1', () => {
        tell('again on', server.address().port);
      }));
    });
  },

  leaves() {
    http.createServer((request, response) => {
      answer(request, response);
      if (request.url === '/leave') cluster.worker.disconnect();
      if (request.url === '/drop') process.disconnect();
      if (request.url === '/throw') setImmediate(() => { throw new Error('as asked'); });
    }).listen(0, '127.0.0.1');
  },

  busy() {
    http.createServer(answer).on('error', (error) => {
      tell('failed with', error.code);
      process.exit(7);
    }).listen(+port, '127.0.0.1');
  },

  tls() {
    const [key, cert] = rest.map((name) => fs.readFileSync(name));
    require('https').createServer({ key, cert }, answer).listen(0, '127.0.0.1', function () {
      tell('listens on', this.address().port);
    });
  },

  unix() {
    http.createServer(answer).on('error', (error) => tell('failed with', error.code))
      .listen(port, () => tell('listens'));
  },

  fd() {
    http.createServer(answer).on('error', (error) => tell('failed with', error.code))
      .listen({ fd: +port }, () => tell('listens'));
  },

  udp() {
    const socket = require('dgram').createSocket('udp4');
    socket.on('message', (text, from) => socket.send(`${cluster.worker.id} ${text}`, from.port));
    socket.on('error', (error) => tell('failed with', error.code));
    socket.bind(+port, '127.0.0.1', () => tell('bound to', socket.address().port));
  },
};

workers[what]();
