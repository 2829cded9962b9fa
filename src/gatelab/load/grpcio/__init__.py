"""The generator by grpcio, a library of others: a second opinion on the same plan."""
