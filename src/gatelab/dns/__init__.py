"""Names of Services, as CoreDNS would answer them: UDP and TCP."""
