"use strict";
// What cdktf does for every value of a stack, twice, and most of the time that writing one takes.
// Here it is done for values without tokens; everything else is left to cdktf (see lazy.js).

// What stands in place of a result where cdktf has to resolve a value itself.
const LEFT = Symbol("left to cdktf");
// Each token as a string, list or map has this in it.
const TOKEN = "TfToken[";
// Where cdktf's pattern of a number that is a token finds something, this does.
const NUMBER = /[-|\d.+]e[-|\d.eE+]/;
// The doubles that stand for tokens are far below.
const LEAST = -1e280;
const DEEPEST = 200;

// For values that never resolve to themselves although nothing shows it: those of empty maps.
const maker = (standIns) => {
  const isPlain = (text) => !(text.includes(TOKEN) || NUMBER.test(text) || standIns.includes(text));

  const isLiteral = (value) => {
    switch (typeof value) {
      case "string":
        return isPlain(value);
      case "number":
        return value > LEAST && !standIns.includes(value);
      case "boolean":
      case "undefined":
        return true;
      default:
        return value === null;
    }
  };

  // Resolves a value; `prefix` is its path, and `others` resolves what is no literal.
  const resolved = (value, prefix, others) => {
    if (prefix.length > DEEPEST) {
      return others(value, prefix);
    }
    if (isLiteral(value)) {
      return value;
    }
    if (typeof value !== "object") {
      return others(value, prefix);
    }
    return Array.isArray(value) ? list(value, prefix, others) : map(value, prefix, others);
  };

  const below = (value, key, prefix, others) => {
    prefix.push(key);
    const made = resolved(value, prefix, others);
    prefix.pop();
    return made;
  };

  const list = (values, prefix, others) => {
    for (const value of values) {
      // A list that is a token, or has one in it, is one value.
      if (typeof value === "string" ? value.includes(TOKEN) : typeof value === "number" && !(value > LEAST)) {
        return others(values, prefix);
      }
    }
    const made = [];
    // As map() does, and filter(), this leaves holes out.
    values.forEach((value, index) => {
      const each = below(value, `${index}`, prefix, others);
      if (each !== undefined) {
        made.push(each);
      }
    });
    return made;
  };

  const map = (values, prefix, others) => {
    const kind = Object.getPrototypeOf(values);
    if (
      (kind !== Object.prototype && kind !== null) ||
      typeof values.resolve === "function" ||
      values._children !== undefined
    ) {
      return others(values, prefix);
    }
    const keys = Object.keys(values);
    if (!keys.every(isPlain)) {
      return others(values, prefix);
    }
    const made = {};
    for (const key of keys) {
      const each = below(values[key], key, prefix, others);
      if (each !== undefined) {
        made[key] = each;
      }
    }
    return made;
  };

  return { isLiteral, list, map };
};

// A function that resolves what it can without cdktf, and gives LEFT for the rest. `resolve` is
// cdktf's own, and `standIns` are the values that stand for a map's in the place of a token.
exports.ahead = (resolve, standIns) => {
  const { isLiteral, list, map } = maker(standIns);
  return (value, options) => {
    const prefix = [...(options.prefix ?? [])];
    const depth = prefix.length;
    if (depth > DEEPEST) {
      return LEFT;
    }
    if (isLiteral(value)) {
      return value;
    }
    if (typeof value !== "object") {
      return LEFT;
    }
    // What is left of the value itself is what the caller does next.
    const others = (inner, path) =>
      path.length === depth ? LEFT : resolve(inner, { ...options, prefix: [...path] });
    return Array.isArray(value) ? list(value, prefix, others) : map(value, prefix, others);
  };
};
exports.LEFT = LEFT;
