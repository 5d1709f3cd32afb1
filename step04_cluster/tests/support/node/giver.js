// Gives away whatever connects, as process.send(message, socket) does, and then closes its server,
// which ends when those who got the sockets have closed them. As a worker it gives to its primary;
// as a primary, `node giver.js PROGRAM [ARGUMENTS]`, to a worker that executes the program.
'use strict';
const cluster = require('cluster');
const net = require('net');

const [program, ...args] = process.argv.slice(2);

function give(receiver, gone) {
  const server = net.createServer({ pauseOnConnect: true }, (socket) => {
    receiver.send('yours', socket);
    server.getConnections((error, count) => console.log(`giver counts ${error ?? count}`));
    server.close(() => { console.log('giver has closed'); gone(); });
  });
  server.listen(0, '127.0.0.1', () => console.log(`giver listens on ${server.address().port}`));
}

if (cluster.isWorker) {
  give(process, () => process.disconnect());
} else {
  process.execPath = program;
  (cluster.setupPrimary || cluster.setupMaster)({ exec: args[0], args: args.slice(1), execArgv: [] });
  const worker = cluster.fork();
  worker.on('online', () => give(worker, () => worker.disconnect()));
  worker.on('exit', (code, signal) => process.exit(code ?? 1));
  process.stdin.on('data', () => worker.send('close it'));
}
