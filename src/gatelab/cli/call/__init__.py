"""`gatelab call`: grpcurl's options, output and exit codes on top of `gatelab.call`."""
