// Stands between Terraform and providers that run, and hands on of their schemas what is used.
//
// Nearly all of a small run of Terraform is the schema of the provider, 5 MB which both take apart
// anew each time, and the provider's check of all that it has, with each configuration. A provider is
// asked once for its schema and once about each configuration; what it has answered is repeated.
// Everything else goes through as it is. tests/provider.py writes a message a line:
//
//   {"listen": "/socket", "target": "/socket", "pid": 1}   the provider listens at the target
//   {"end": "/socket"}                                     this provider is no longer wanted
//   {"keep": ["aws_s3_bucket"]}                            what is used from now on, too
//
// Each is answered with an empty line. When the messages end, so do the providers.

"use strict";

const http2 = require("http2");
const net = require("net");
const readline = require("readline");

const SCHEMA = "/tfplugin5.Provider/GetSchema";
// What it answers follows from the configuration alone, as the provider has gone by its variables.
const CHECK = "/tfplugin5.Provider/PrepareProviderConfig";
// The maps of GetProviderSchema.Response by the type's name: resources, data sources, ephemeral ones.
const MAPS = [2, 3, 8];
const ROOMY = { settings: { initialWindowSize: 2 ** 24 } };

const keep = new Set();
const running = new Map();

// The number that stands at a place of a message of Protocol Buffers, and the place after it.
function number(bytes, place) {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[place++];
    value += (byte & 127) * scale;
    if (byte < 128) return [value, place];
  }
}

// A whole answer of gRPC, without the entries of MAPS that nobody uses.
function thinned(answer) {
  const parts = [Buffer.alloc(5)];
  // What is compressed stays as it is.
  if (answer[0]) return answer;
  for (let begin = 5; begin < answer.length; ) {
    const [tag, length] = number(answer, begin);
    if (tag % 8 !== 2) throw new Error(`a field of another kind than expected: ${tag}`);
    const [size, inside] = number(answer, length);
    const end = inside + size;
    const [name, at] = number(answer, inside + 1);
    if (!MAPS.includes(tag >> 3) || keep.has(answer.toString("utf8", at, at + name))) {
      parts.push(answer.subarray(begin, end));
    }
    begin = end;
  }
  const made = Buffer.concat(parts);
  made.writeUInt32BE(made.length - 5, 1);
  return made;
}

// `keep` is given the answer, and returns what is handed on; without it the answer goes through.
function handOn(stream, headers, session, question, keep) {
  const asked = session.request({ ...headers, ":authority": "localhost" }, { endStream: false });
  let trailers = {};
  asked.on("response", (answer, flags) => {
    const endStream = Boolean(flags & http2.constants.NGHTTP2_FLAG_END_STREAM);
    stream.respond(answer, { endStream, waitForTrailers: !endStream });
  });
  asked.on("trailers", (found) => {
    trailers = found;
  });
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  stream.on("error", () => asked.destroy());
  asked.on("error", () => stream.destroy());
  stream.on("close", () => asked.close(http2.constants.NGHTTP2_CANCEL));
  if (!keep) {
    stream.pipe(asked);
    return void asked.pipe(stream);
  }
  asked.end(question);
  whole(asked, (answer) => stream.end(keep(answer, trailers["grpc-status"] === "0")));
}

function whole(stream, done) {
  const chunks = [];
  stream.on("data", (chunk) => chunks.push(chunk));
  stream.on("end", () => done(Buffer.concat(chunks)));
}

// Hand on a question that was asked before with the answer that it had then.
function remember(stream, headers, session, answers, change) {
  stream.on("error", () => {});
  whole(stream, (question) => {
    const key = headers[":path"] + question.toString("latin1");
    if (answers.has(key)) return repeat(stream, change(answers.get(key)));
    return handOn(stream, headers, session, question, (answer, complete) => {
      if (complete) answers.set(key, answer);
      return change(answer);
    });
  });
}

function repeat(stream, answer) {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(answer);
}

function listen({ listen: address, target, pid }, done) {
  const server = http2.createServer(ROOMY);
  const answers = new Map();
  server.on("session", (session) => {
    const onward = http2.connect("http://localhost", {
      createConnection: () => net.connect(target),
      ...ROOMY,
    });
    session.onward = onward;
    session.on("close", () => onward.destroy());
    onward.on("close", () => session.destroy());
    for (const each of [session, onward]) each.on("error", () => {});
  });
  server.on("stream", (stream, headers) => {
    const { onward } = stream.session;
    const path = headers[":path"];
    if (path === SCHEMA) return remember(stream, headers, onward, answers, thinned);
    if (path === CHECK) return remember(stream, headers, onward, answers, (answer) => answer);
    return handOn(stream, headers, onward);
  });
  running.set(address, { server, pid });
  server.listen(address, done);
}

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const message = JSON.parse(line);
  const done = () => process.stdout.write("\n");
  for (const type of message.keep ?? []) keep.add(type);
  if (message.listen) return listen(message, done);
  if (message.end) {
    running.get(message.end)?.server.close();
    running.delete(message.end);
  }
  return done();
});
lines.on("close", () => {
  for (const { pid } of running.values()) {
    try {
      if (pid) process.kill(pid);
    } catch {
      // It has ended by itself.
    }
  }
  process.exit();
});
