"""`gatelab load`: ghz's options, configuration files, templates and reports on top of `gatelab.load`."""
