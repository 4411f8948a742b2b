# The package itself imports all of its 2,135 submodules, which would take a type checker minutes.
# The types of a submodule come from the package.
