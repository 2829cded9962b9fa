"""cert-manager's Issuer, ClusterIssuer and Certificate, as far as the lab needs them."""
