"use strict";
// Prints of values of every kind whether they are written as by json-stable-stringify, and by which of the two
// (see test_bindings.py).

const Module = require("node:module");

const stock = Module.createRequire(require.resolve("cdktf/lib/synthesize/synthesizer.js"))("json-stable-stringify");
let asked = 0;
const faster = require("../../modules/_node/stringify.js").faster((...all) => {
  asked += 1;
  return stock(...all);
});

const deep = (levels, inside) => {
  for (let level = 0; level < levels; level += 1) inside = level % 2 ? [inside] : { inside };
  return inside;
};
const shared = { z: 1, a: [1] };
const circular = { a: 1 };
circular.b = [circular];
const plain = [
  undefined, null, true, false, 0, -0, 1.5, 1e21, 1e-7, NaN, Infinity, "", "text", "\n\"\\\u2028\ud800é😀", [], {},
  [[], {}], { a: {}, b: [] }, { a: undefined }, [undefined, null, , "b"], [{ b: 1, a: [2, { d: 3, c: undefined }] }],
  { b: 1, a: 2, 10: 3, 9: 4, "": 5, B: 6, "é": 7, "😀": 8, "\uffff": 9, __proto__: { x: 1 }, toJSON: 1 },
  Object.assign(Object.create(null), { b: "1", a: 2 }), [shared, shared], { one: shared, two: [shared] },
  Object("text"), Object(1), new Map([[1, 2]]), deep(90, "x"), deep(90, {}),
];
const odd = [
  () => 1, { a() {} }, [Symbol("a")], 5n, { a: [5n] }, new Date(0), { at: [new Date(0)] }, { toJSON: () => "x" },
  { a: { toJSON: () => undefined } }, [{ toJSON: () => undefined }], deep(150, "x"), deep(300, []), circular,
];
const said = (write, ...all) => {
  try {
    return `${write(...all)}`;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
const show = (kind, ...all) => {
  const before = asked;
  const same = said(faster, ...all) === said(stock, ...all);
  console.log(kind, same ? "same" : "different", asked > before ? "stock" : "fast");
};
plain.forEach((value) => show("plain", value, { space: 2 }));
odd.forEach((value) => show("odd", value, { space: 2 }));
[undefined, {}, { space: 4 }, { space: 2, collapseEmpty: true }].forEach((options) => show("other", { b: [], a: 1 }, options));
