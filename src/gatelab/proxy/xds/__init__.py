"""Delta ADS: a sans-IO session and its grpc.aio shell."""
