// A cluster that does what it is told, in Node: the twin of driver.cpp, where the commands are
// explained.
'use strict';
const cluster = require('cluster');
const http = require('http');
const readline = require('readline');

function tell(what) {
  console.log(JSON.stringify(what));
}

// ---- The worker

const servers = {};

function answer(request, response) {
  response.setHeader('X-Worker-Pid', process.pid);
  const [, path, ms] = request.url.match(/^\/(\w*)(?:\?ms=(\d+))?/);
  const send = () => response.end(`${cluster.worker.id}\n`);
  if (path !== 'slow') return send();
  process.send({ begun: true });
  setTimeout(send, +ms);
}

const tasks = {
  listen({ name, port = 0, host = '127.0.0.1' }) {
    const server = servers[name] = http.createServer(answer);
    server.on('error', (error) => process.send({ failed: name, code: error.code }));
    server.listen(port, host, () => process.send({ listens: name, port: server.address().port }));
  },
  bind({ name, port = 0, host = '127.0.0.1' }) {  // UDP, which our workers do not speak
    const socket = require('dgram').createSocket('udp4');
    socket.bind(port, host, () => process.send({ listens: name, port: socket.address().port }));
  },
  close({ name }) {
    servers[name].close(() => process.send({ closed: name }));
    servers[name].closeIdleConnections?.();
  },
  env({ name }) { process.send({ env: name in process.env ? process.env[name] : null }); },
  facts() {
    process.send({ id: cluster.worker.id, pid: process.pid, cwd: process.cwd(), uid: process.getuid(),
      worker: cluster.isWorker, connected: cluster.worker.isConnected() });
  },
  bytes({ text }) { require('fs').writeSync(3, text); }, // where Node has the channel
  say({ message }) { process.send(message); },
  echo({ value }) { process.send({ echo: value }); },
  leave() { cluster.worker.disconnect(); },
  drop() { process.disconnect(); },
  exit({ code }) { process.exit(code); },
  spin() { process.send({ spins: true }, () => { for (;;); }); },
  crash() { throw new Error('as told'); },
};

// ---- The primary

const commands = {
  fork({ env }) { cluster.fork(env); },
  set({ settings, execPath = process.execPath }) {
    process.execPath = execPath;
    (cluster.setupPrimary || cluster.setupMaster)(settings);
  },
  send({ id, message }) { cluster.workers[id]?.send(message, () => {}); },
  kill({ id, signal }) { cluster.workers[id]?.kill(signal); },
  leave({ id }) { cluster.workers[id]?.disconnect(); },
  disconnect() { cluster.disconnect(() => tell({ event: 'disconnected' })); tell({ event: 'returned' }); },
  workers() { tell({ event: 'workers', ids: Object.keys(cluster.workers).map(Number) }); },
  role() { tell({ event: 'role', primary: cluster.isPrimary ?? cluster.isMaster }); },
  crash() { throw new Error('as told'); },
  exit({ code }) { process.exit(code); },
};

if (cluster.isWorker) {
  process.on('message', (task) => tasks[task.do](task));
} else {
  for (const event of ['fork', 'online', 'listening', 'disconnect', 'exit', 'message']) {
    cluster.on(event, (worker, ...rest) => {
      const facts = { event, id: worker.id, pid: worker.process.pid, state: worker.state,
        connected: worker.isConnected(), dead: worker.isDead(), voluntary: !!worker.exitedAfterDisconnect,
        listed: worker.id in cluster.workers };
      if (event === 'listening') facts.where = rest[0];
      if (event === 'exit') [facts.code, facts.signal] = rest;
      if (event === 'message') facts.message = rest[0];
      tell(facts);
    });
  }
  readline.createInterface({ input: process.stdin })
    .on('line', (line) => { const command = JSON.parse(line); commands[command.do](command); })
    .on('close', () => process.exit(0));
}
