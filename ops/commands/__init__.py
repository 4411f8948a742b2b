"""One file per command or family of commands; each has `register(app)`."""
