"use strict";
// Requests whose answer Python foresees carry it, and nobody waits for them (see kernel.py). Such a
// request is answered with nothing; what differs from what was foreseen is told with the next answer.

const WHOLE = /^[$#&]\{TfToken\[([\w:.-]+)\]\}$/;

// The element whose attribute was read last: jsii does not tell which object a request is about.
let read;

const nameOf = ({ api, fqn, method, property, objref }) =>
  api === "create" ? fqn : `${method ?? property} of ${objref?.["$jsii.byref"]}`;

// Makes another name for the token that a text or the only one of a list stands for.
const renamed = (value, name) => {
  const key = WHOLE.exec(Array.isArray(value) && value.length === 1 ? value[0] : value)?.[1];
  const tokens = global.__cdktfTokenMap.stringTokenMap;
  const token = tokens.get(key);
  if (token !== undefined) {
    tokens.set(name, token);
  }
  return token !== undefined;
};

// What is wrong with an answer; undefined where it is as foreseen.
const wrong = (answer, foreseen) => {
  if ("error" in answer) {
    return answer.error;
  }
  if (!("ok" in answer)) {
    return "Node calls back, which nobody answers";
  }
  const { ok } = answer;
  if ("ref" in foreseen && ok["$jsii.byref"] !== foreseen.ref) {
    return `Node calls it ${ok["$jsii.byref"]}, not ${foreseen.ref}`;
  }
  if ("value" in foreseen && ok.value !== foreseen.value) {
    return `Node says ${JSON.stringify(ok.value)}, not ${JSON.stringify(foreseen.value)}`;
  }
  if ("token" in foreseen && !renamed(ok.value, foreseen.token)) {
    return `Node says ${JSON.stringify(ok.value)}, which is no token`;
  }
  return undefined;
};

// The exchange of messages, without the answers that nobody waits for.
exports.exchanged = (inout) => {
  let failure;
  let request;
  return {
    read() {
      request = inout.read();
      return request;
    },
    write(answer) {
      const foreseen = request?.["$foreseen"];
      if (foreseen === undefined) {
        const told = failure !== undefined && !("callback" in answer);
        inout.write(told ? { ...answer, failure } : answer);
        failure = told ? undefined : failure;
        return;
      }
      const said = wrong(answer, foreseen);
      if (said !== undefined) {
        failure ??= { in: nameOf(request), error: said };
      }
      if ("callback" in answer) {
        throw new Error(said);
      }
      request = undefined;
    },
  };
};

// The kernel, which says of a property that was asked for what kind it is.
exports.telling = (kernel) => {
  const get = kernel.get;
  kernel.get = function (request) {
    read = undefined;
    const answer = get.call(this, request);
    return request["$kind"] ? { ...answer, kind: kindOf(request.property) } : answer;
  };
  return kernel;
};

const ATTRIBUTE = /^get \w+\(\) \{\s*return this\.get(String|List)Attribute\(['"]\w+['"]\);\s*\}$/;

// Which answer a property has: "string" or "list" for a token as such, as attributes have, and a
// reference to an element; "id" for an element's name in Terraform.
const kindOf = (property) => {
  for (let kind = read; kind; kind = Object.getPrototypeOf(kind)) {
    const getter = Object.getOwnPropertyDescriptor(kind, property)?.get;
    if (getter !== undefined) {
      return getter.kind ?? ATTRIBUTE.exec(getter)?.[1].toLowerCase();
    }
  }
  return undefined;
};

const noted = (method) =>
  function (...all) {
    read = this;
    return method.apply(this, all);
  };

// Notes which element an attribute is read of, in a class of cdktf.
exports.noteAttributes = ({ prototype }) => {
  for (const name of ["getStringAttribute", "getListAttribute"]) {
    prototype[name] = noted(prototype[name]);
  }
};

// Notes which element's own names are read.
exports.noteNames = ({ prototype }) => {
  for (const [name, kind] of [["fqn", "string"], ["friendlyUniqueId", "id"]]) {
    const { get, ...rest } = Object.getOwnPropertyDescriptor(prototype, name);
    Object.defineProperty(prototype, name, { ...rest, get: Object.assign(noted(get), { kind }) });
  }
};
