# The package itself imports all of its submodules, which would take a type checker minutes.
# The types of a submodule come from the package.
