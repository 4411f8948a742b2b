"""The Node process behind the bindings."""
