"use strict";
// What json-stable-stringify writes for cdktf: JSON with sorted keys, two spaces deeper on each level, and the
// brackets of what is empty on two lines. It is called for every value of a stack (see lazy.js).

// What stands in place of a text where json-stable-stringify has to write a value itself.
const LEFT = Symbol("left to json-stable-stringify");
const DEEPEST = 200;

// The text of a value below `indent`; undefined for one that is left out.
const written = (value, indent) => {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return JSON.stringify(value);
    case "undefined":
      return undefined;
    case "object":
      break;
    default:
      throw LEFT;
  }
  if (value === null) {
    return "null";
  }
  if (typeof value.toJSON === "function" || indent.length > DEEPEST) {
    throw LEFT;
  }
  const inside = `${indent}  `;
  let text = "";
  const add = (each) => {
    text += text === "" ? inside + each : `,${inside}${each}`;
  };
  if (Array.isArray(value)) {
    for (const each of value) {
      add(written(each, inside) ?? "null");
    }
    return `[${text}${indent}]`;
  }
  for (const key of Object.keys(value).sort()) {
    const each = written(value[key], inside);
    if (each !== undefined) {
      add(`${JSON.stringify(key)}: ${each}`);
    }
  }
  return `{${text}${indent}}`;
};

// json-stable-stringify, given as `stock`, which writes what is not plain, and with other options.
exports.faster = (stock) => (value, options) => {
  if (options?.space !== 2 || Object.keys(options).length > 1) {
    return stock(value, options);
  }
  try {
    return written(value, "\n");
  } catch (error) {
    if (error !== LEFT) {
      throw error;
    }
    return stock(value, options);
  }
};
