// Node's HTTP parser and agent over bytes that were captured: one JSON line in, one out.
//   {"kind": "requests", "bytes": BASE64}                                 -> [[method, target, [name, value, …], BASE64 body], …]
//   {"kind": "reply", "bytes": BASE64, "method": METHOD, "version": "1.1"} -> [status, [name, value, …], BASE64 body, whole] or null
// Messages that are not whole are left out of the requests.
'use strict';
const http = require('http');
const { Duplex } = require('stream');
const readline = require('readline');

function connection(bytes) {
  const socket = new Duplex({
    read() {},
    write(data, encoding, done) { done(); },
  });
  socket.setTimeout = socket.setNoDelay = socket.setKeepAlive = socket.ref = socket.unref = () => socket;
  // The end comes a moment later: what was asked for must be on its way by then.
  setImmediate(() => {
    socket.push(bytes);
    setImmediate(() => socket.push(null));
  });
  return socket;
}

function requests(line, done) {
  const seen = [];
  const server = http.createServer({ maxHeaderSize: 1 << 20, requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 });
  server.maxHeadersCount = 0;
  server.on('request', (request, response) => {
    const body = [];
    request.on('data', (data) => body.push(data));
    request.on('error', () => {});
    request.on('end', () => {
      if (request.complete) seen.push([request.method, request.url, request.rawHeaders, Buffer.concat(body).toString('base64')]);
      response.end();
    });
  });
  const socket = connection(Buffer.from(line.bytes, 'base64'));
  let failure = null;
  server.on('clientError', (error) => { failure = error.code; socket.destroy(); });
  socket.on('error', () => {});
  socket.on('close', () => done({ seen, failure }));
  server.emit('connection', socket);
}

function reply(line, done) {
  let told = false;
  const tell = (what) => { if (!told) { told = true; done(what); } };
  const socket = connection(Buffer.from(line.bytes, 'base64'));
  socket.on('error', () => {});
  const request = http.request({ createConnection: () => socket, method: line.method, maxHeaderSize: 1 << 20 });
  request.maxHeadersCount = 0;
  request.on('error', (error) => tell({ failure: error.code }));
  request.on('upgrade', (response) => tell({ reply: [response.statusCode, response.rawHeaders, '', true] }));
  request.on('response', (response) => {
    const body = [];
    response.on('data', (data) => body.push(data));
    const over = () => tell({ reply: [response.statusCode, response.rawHeaders, Buffer.concat(body).toString('base64'), response.complete] });
    response.on('end', over);
    response.on('error', over);
  });
  request.end();
}

const waiting = [];
let busy = false;
function next() {
  if (busy || waiting.length === 0) return;
  busy = true;
  const line = waiting.shift();
  (line.kind === 'reply' ? reply : requests)(line, (answer) => {
    process.stdout.write(JSON.stringify(answer) + '\n');
    busy = false;
    next();
  });
}
readline.createInterface({ input: process.stdin }).on('line', (text) => { waiting.push(JSON.parse(text)); next(); });
process.stdout.write(JSON.stringify({ methods: http.METHODS }) + '\n');
